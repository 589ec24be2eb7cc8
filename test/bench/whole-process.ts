// Times whole processes in pairs: the floor and the subject in turn, so that both see the same
// machine, and the median of the pairs' ratios is what counts.
import { spawnSync } from 'node:child_process';

const pairs = 15;
const warmUps = 3;

export interface Command {
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly exitCode?: number;
}

export interface Ratio {
  readonly median: number;
  readonly floorMs: number;
  readonly subjectMs: number;
}

export function ratioToFloor(subject: Command): Ratio {
  const floor: Command = { arguments: ['-e', '0'] };
  const ratios: number[] = [];
  const floors: number[] = [];
  const subjects: number[] = [];
  for (let index = 0; index < warmUps + pairs; index += 1) {
    const floorMs = timeMs(floor);
    const subjectMs = timeMs(subject);
    if (index < warmUps) continue;
    ratios.push(subjectMs / floorMs);
    floors.push(floorMs);
    subjects.push(subjectMs);
  }
  return { median: median(ratios), floorMs: median(floors), subjectMs: median(subjects) };
}

function timeMs(command: Command): number {
  const startedAt = performance.now();
  run(command);
  return performance.now() - startedAt;
}

/** Runs a command of this Node to its end; throws when its exit code is another than wanted. */
export function run(command: Command): { readonly stdout: string; readonly stderr: string } {
  const result = spawnSync(process.execPath, command.arguments, {
    env: { ...process.env, ...command.environment },
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const wanted = command.exitCode ?? 0;
  if (result.status !== wanted) {
    throw new Error(
      `node ${command.arguments.join(' ')} ended with ${result.status}, not ${wanted}\n${result.stderr}`,
    );
  }
  return result;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
