// The life of a supervisor: claim the folder, start the engine or take over the one that is there,
// start it again when it ends, end with it. It decides nothing about settings: they are in the folder
// when it starts, and another supervisor comes with others.
import { join } from 'node:path';
import process from 'node:process';
import { destination, pino } from 'pino';
import { claimFolder } from '../engine/only-one.ts';
import { isAbsent } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import { isRunning } from '../io/is-running.ts';
import { createNodeIo } from '../io/node.ts';
import { adoptEngine, type EngineLife, endGroup, startEngine, stopEngine } from './engine-life.ts';
import {
  type EngineSettings,
  type Mark,
  parseSettings,
  parseState,
  type SupervisorState,
  supervisorFiles,
} from './protocol.ts';
import { restartAfter } from './restarts.ts';
import { rotate, usualLogBounds } from './rotating-log.ts';

const settingsBytesMax = 4 * 1024 * 1024;
const rotateMs = 1_000;
const findableMs = 5_000;

interface Post {
  readonly io: Io;
  readonly folder: string;
  readonly settings: EngineSettings;
  readonly self: Mark;
  readonly log: pino.Logger;
  readonly stopping: AbortSignal;
}

export async function supervise(folder: string): Promise<void> {
  const io = createNodeIo();
  const log = pino({ base: { pid: process.pid } }, destination({ fd: 1, sync: true }));
  const before = await readState(io, folder);
  const isServed = async (): Promise<boolean> => {
    const state = await readState(io, folder);
    return state !== null && (await isRunning(io.processes, state.supervisor));
  };
  if (!(await claimFolder(folder, isServed))) return log.info('another supervisor is here');
  const text = await readText(io, join(folder, supervisorFiles.settings));
  const settings = text === null ? null : parseSettings(text);
  if (settings === null) return log.error('there are no settings that can be read');
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  process.on('SIGHUP', () => undefined); // whoever started it may log out
  const self = { pid: process.pid, start: await io.processes.startOf(process.pid) };
  const post = { io, folder, settings, self, log, stopping: stop.signal };
  const chores = keepHouse(post, () => stop.abort());
  await keepRunning(post, await leftBehind(io, before));
  chores();
  if (await isOurs(post)) await io.files.remove(join(folder, supervisorFiles.state));
  log.info('stopped');
  process.exit(0);
}

/** Until it is told to stop: the engine that was found first, then one after the other. */
async function keepRunning(post: Post, found: EngineLife | null): Promise<void> {
  const { io, folder, settings, log, stopping } = post;
  let life: EngineLife | null = found;
  let failures = 0;
  let lastEnd: string | null = null;
  while (!stopping.aborted) {
    const startedAt = Date.now();
    const state = { startedAt, failures, lastEnd };
    const logFile = join(folder, supervisorFiles.log);
    const started = life ?? (await startEngine(settings, { folder, logFile }, io));
    life = null;
    if (started.mark === null) lastEnd = started.why;
    else {
      await writeState(post, { ...state, engine: started.mark, phase: 'running' });
      log.info({ engine: started.mark.pid }, 'running');
      lastEnd = await Promise.race([started.ended, aborted(stopping)]);
      if (stopping.aborted) return stopEngine(started.mark, io);
      await endGroup(started.mark, io);
    }
    const next = restartAfter(failures, Date.now() - startedAt, Math.random());
    ({ failures } = next);
    log.warn({ end: lastEnd, failures, delayMs: next.delayMs }, 'ended');
    await writeState(post, { startedAt, failures, lastEnd, engine: null, phase: next.phase });
    await io.clock.sleep(next.delayMs, stopping).catch(() => undefined); // told to stop meanwhile
  }
}

const aborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('stopped');
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });

/** The engine of a supervisor that was killed, if it still runs. */
async function leftBehind(io: Io, before: SupervisorState | null): Promise<EngineLife | null> {
  const engine = before?.engine ?? null;
  if (engine === null || !(await isRunning(io.processes, engine))) return null;
  return adoptEngine(engine, io);
}

/** Logs are kept short; a supervisor that nobody can find any more is of no use. */
function keepHouse(post: Post, onLost: () => void): () => void {
  const { folder, log } = post;
  const failed = (error: unknown): void => log.error({ err: error }, 'a log cannot be kept short');
  const rotating = setInterval(() => {
    for (const name of [supervisorFiles.log, supervisorFiles.ownLog]) {
      rotate(join(folder, name), usualLogBounds).catch(failed);
    }
  }, rotateMs).unref();
  const looking = setInterval(() => {
    isOurs(post).then(
      (ours) => ours || onLost(),
      () => onLost(),
    );
  }, findableMs).unref();
  return () => {
    clearInterval(rotating);
    clearInterval(looking);
  };
}

async function isOurs({ io, folder, self }: Post): Promise<boolean> {
  const state = await readState(io, folder);
  return state?.supervisor.pid === self.pid && state.supervisor.start === self.start;
}

const writeState = (
  { io, folder, self, settings: { program, arguments: given } }: Post,
  state: Omit<SupervisorState, 'supervisor' | 'program' | 'arguments'>,
): Promise<void> =>
  io.files.writeAtomic(
    join(folder, supervisorFiles.state),
    `${JSON.stringify({ supervisor: self, program, arguments: given, ...state }, null, 2)}\n`,
    { mode: 0o600 },
  );

async function readState(io: Io, folder: string): Promise<SupervisorState | null> {
  const text = await readText(io, join(folder, supervisorFiles.state));
  return text === null ? null : parseState(text);
}

async function readText({ files }: Io, path: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await files.readBytes(path, settingsBytesMax));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
