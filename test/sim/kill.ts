// `kill -9` of the real program at random moments of its life, and the same command again. What a
// round plays against is told in kill-ollama.ts and kill-embedded.ts; here is when to kill, what
// counts as a kill, and what it means to recover.
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../src/core/assert.ts';
import type { Random } from '../../src/io/io.ts';
import { type Command, type Ended, type Moment, runCommand } from './processes.ts';

export interface KillCount {
  readonly rounds: number;
  /** Rounds in which the program was running when the signal came. */
  readonly kills: number;
  /** What it was doing then, and how often. */
  readonly phases: ReadonlyMap<string, number>;
}

export class KillFailure extends Error {
  override readonly name = 'KillFailure';
}

/** A round whose run ended before the signal came does not count; more of them is bad aim. */
const roundsPerKill = 2;

/** Plays rounds until so many runs were killed. A round gives the run that was to be killed. */
export async function killTimes(
  kills: number,
  play: (round: number) => Promise<Ended>,
  roundsPerKillMax = roundsPerKill,
): Promise<KillCount> {
  const phases = new Map<string, number>();
  let hits = 0;
  let rounds = 0;
  for (; hits < kills; rounds += 1) {
    if (rounds >= (kills + 1) * roundsPerKillMax)
      throw new KillFailure(`only ${hits} of ${rounds} runs were killed`);
    const ended = await play(rounds);
    if (ended.code !== null) continue;
    hits += 1;
    const phase = phaseOf(ended.stdout);
    phases.set(phase, (phases.get(phase) ?? 0) + 1);
  }
  return { rounds, kills, phases };
}

/** When to kill, learnt from runs of the same command that came to their end. */
export interface Aim {
  readonly learn: (whole: Ended) => void;
  readonly next: (random: Random) => Moment;
}

/** The next run may take longer than the last one did. */
const stretch = 1.1;
/** How long after a sign: about as long as the next one takes to come. */
const afterSignMsMax = 30;

/**
 * Half of the moments are spread evenly over the time that a run takes, most of which is pulling
 * and loading. The other half are spread over what it does, so that short work is met as well.
 */
export function createAim(): Aim {
  let whole: Ended | null = null;
  return {
    learn: (ended) => {
      assert(ended.code === 0, 'what is learnt from came to its end');
      whole = ended;
    },
    next: (random) => {
      assert(whole !== null, 'a whole run was seen before');
      const part = random.fraction();
      return random.fraction() < 0.5
        ? { signs: 0, afterMs: part * whole.durationMs * stretch }
        : {
            signs: 1 + Math.floor(part * whole.signs),
            afterMs: Math.floor(random.fraction() * afterSignMsMax),
          };
    },
  };
}

interface Line {
  readonly type?: string;
  readonly action?: { readonly id: string; readonly kind: string };
}

/** Of a run with `--json`, by the lines that it got to print. */
export function phaseOf(stdout: string): string {
  const running = new Map<string, string>();
  let phase = 'before the plan';
  for (const { type, action } of linesOf(stdout)) {
    if (type === 'planned') phase = 'before the first action';
    if (type === 'started' && action !== undefined) running.set(action.id, action.kind);
    if (type === 'finished' && action !== undefined) {
      running.delete(action.id);
      phase = 'after an action';
    }
    if (type === 'result') phase = 'after the result';
  }
  const [kind] = running.values();
  return kind === undefined ? phase : `in a ${kind}`;
}

/** The last line may have been cut off. */
function linesOf(stdout: string): readonly Line[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** The same command again: it must do all the rest. */
export const rerun = (command: Command, what: string): Promise<Ended> =>
  mustEnd(command, `${what}, run again`);

/** And once more: it must find nothing to do. */
export async function mustBeIdle(command: Command, what: string): Promise<void> {
  const idle = await mustEnd(command, `${what}, run once more`);
  if (idle.stdout.trim().split('\n').length === 1) return;
  throw new KillFailure(`${what}: has more to do\n${idle.stdout}\n${idle.stderr}`);
}

export async function mustEnd(command: Command, what: string): Promise<Ended> {
  const ended = await runCommand(command);
  if (ended.code === 0) return ended;
  throw new KillFailure(`${what}: exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
}

export interface KillPlace {
  readonly folder: string;
  readonly home: string;
  readonly remove: () => Promise<void>;
}

export async function createPlace(): Promise<KillPlace> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-kill-')));
  const place = { folder: join(root, 'work'), home: join(root, 'home') };
  await mkdir(place.folder);
  return { ...place, remove: () => rm(root, { recursive: true, force: true }) };
}
