// Starting and stopping the engine process. It is started at most once: whoever comes second, in
// this process or another, waits for the first one's engine (only-one.ts decides). Each wait ends.

import { join } from 'node:path';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { type EngineMode, type EngineStatus, engineFiles } from '../../engine/protocol.ts';
import { readState } from '../../engine/state-file.ts';
import { isOlder, version } from '../../engine/version.ts';
import { errorCode } from '../../io/error-code.ts';
import { HttpError, type Io } from '../../io/io.ts';
import { programPath } from '../../io/program-path.ts';
import { waitFor } from '../../io/wait-for.ts';
import { load, requestStop } from './client.ts';
import { type Found, findEngine } from './find.ts';
import { enginesFolder, type Place, placeOf } from './place.ts';

export interface ControlContext {
  readonly io: Io;
  readonly signal: AbortSignal;
}

export type RunningEngine = Extract<Found, { kind: 'running' }>;

/** Must hold an engine that waits for its predecessor to go, see only-one.ts. */
const startMsMax = 30_000;
const stopMsMax = 15_000;
const killMsMax = 5_000;
const logBytesMax = 8 * 1024 * 1024;

/**
 * The engine of a store, started if none runs; one of an older release is replaced while nobody
 * uses it. Throws ProblemError.
 */
export async function ensureEngine(place: Place, context: ControlContext): Promise<RunningEngine> {
  const found = await findEngine(place, context);
  if (found.kind === 'unresponsive') throw new ProblemError(found.problem);
  if (found.kind === 'stopped') return startEngine(place, context);
  return isOlder(found.state.version, version) && isIdle(found.status)
    ? upgradeEngine(place, found, context)
    : found;
}

async function startEngine(place: Place, context: ControlContext): Promise<RunningEngine> {
  const { io } = context;
  const pid = await spawnEngine(place, io).catch((error: unknown) => {
    const code = errorCode(error);
    throw code === undefined ? error : new ProblemError(folderUnusable(place, code));
  });
  const found = await waitFor(startMsMax, context, async () => {
    const alive = io.processes.isAlive(pid);
    const now = await findEngine(place, context);
    if (now.kind === 'running') return now;
    // Ours ended without serving. If that was because another is about to, its state is there.
    if (!alive && (await readState(io.files, place.folder)) === null) return 'ended';
    return null;
  });
  if (found !== null && found !== 'ended') return found;
  throw new ProblemError(notStarted(place, found === null));
}

async function spawnEngine(place: Place, io: Io): Promise<number> {
  await io.files.makeFolder(place.folder);
  await rotateLog(place, io);
  const mode: EngineMode = 'serve';
  return io.processes.spawnDetached({
    program: programPath(import.meta.url, 'engine/main'),
    arguments: [mode, place.folder, place.store],
    environment: {},
    logFile: place.logFile,
  });
}

/** What was in memory is loaded into the new one: an upgrade is no reason to lose it. */
async function upgradeEngine(
  place: Place,
  older: RunningEngine,
  context: ControlContext,
): Promise<RunningEngine> {
  await stopEngine(place, context);
  const engine = await startEngine(place, context);
  for (const { holds, load: options } of older.status.models) {
    for (const { name, expiresAt } of holds) {
      const keepAliveMs =
        expiresAt === 'never' ? 'forever' : Math.max(0, expiresAt - context.io.clock.now());
      const request = { name, load: { ...options, keepAliveMs } } as const;
      await load(engine.address, context, request, () => undefined);
    }
  }
  return engine;
}

/** False when none was running. Asks first; an engine that does not end is killed. */
export async function stopEngine(
  place: Pick<Place, 'folder'>,
  context: ControlContext,
): Promise<boolean> {
  const { processes } = context.io;
  const found = await findEngine(place, context);
  if (found.kind === 'stopped') return false;
  const { pid } = found.state;
  const gone = (timeoutMs: number): Promise<true | null> =>
    waitFor(timeoutMs, context, async () => !processes.isAlive(pid) || null);
  if (found.kind === 'running') await askToStop(found, context);
  else processes.signal(pid, 'SIGTERM');
  if ((await gone(stopMsMax)) === null) {
    processes.signal(pid, 'SIGKILL');
    if ((await gone(killMsMax)) === null) throw new ProblemError(notStopped(pid));
  }
  // The engine takes its state file away itself. One that was killed leaves it, which harms nobody;
  // removed from here it might be that of an engine which has just been started.
  return true;
}

async function askToStop({ address }: RunningEngine, context: ControlContext): Promise<void> {
  try {
    await requestStop(address, context);
  } catch (error) {
    // It may be on its way out already; whether it goes is what the caller waits for.
    if (!(error instanceof HttpError)) throw error;
  }
}

/** What may be shown of an engine: no token. */
export interface EngineReport {
  readonly state: Found['kind'];
  /** Null unless it is running. */
  readonly url: string | null;
  readonly status: EngineStatus | null;
  /** Why it is `unresponsive`. */
  readonly problem: Problem | null;
  readonly logFile: string;
}

/** The engine of the usual store first, then those of other stores that left something behind. */
export async function engineStatus(context: ControlContext): Promise<readonly EngineReport[]> {
  const folders = await engineFolders(context.io);
  return Promise.all(
    folders.map(async (folder) => reportOf(folder, await findEngine({ folder }, context))),
  );
}

const reportOf = (folder: string, found: Found): EngineReport => ({
  state: found.kind,
  url: found.kind === 'running' ? found.address.url : null,
  status: found.kind === 'running' ? found.status : null,
  problem: found.kind === 'unresponsive' ? found.problem : null,
  logFile: join(folder, engineFiles.log),
});

/** Starts the usual store's engine, unless it runs. Throws ProblemError. */
export async function engineStart(context: ControlContext): Promise<EngineReport> {
  const place = await placeOf(context.io, null);
  return reportOf(place.folder, await ensureEngine(place, context));
}

/** Stops every engine of this home; how many there were. Throws ProblemError. */
export async function engineStop(context: ControlContext): Promise<number> {
  let stopped = 0;
  for (const folder of await engineFolders(context.io)) {
    if (await stopEngine({ folder }, context)) stopped += 1;
  }
  return stopped;
}

async function engineFolders(io: Io): Promise<readonly string[]> {
  const folder = enginesFolder(io);
  if ((await io.files.stat(folder)) === null) return [folder];
  const entries = await io.files.list(folder);
  const others = entries
    .filter(({ kind }) => kind === 'folder')
    .map(({ name }) => join(folder, name));
  return [folder, ...others];
}

async function rotateLog({ logFile }: Place, { files }: Io): Promise<void> {
  const found = await files.stat(logFile);
  if (found !== null && found.bytes > logBytesMax) await files.rename(logFile, `${logFile}.1`);
}

const isIdle = ({ models }: EngineStatus): boolean =>
  models.every((model) => model.inFlight === 0 && model.waiting === 0 && model.state === 'ready');

const folderUnusable = ({ folder }: Place, code: string): Problem =>
  errorProblem({
    code: 'engine/folder-unusable',
    summary: 'The embedded engine cannot be started',
    detail: `Its state and log belong into ${folder}, which cannot be written (${code}).`,
    remedy:
      'Make room and give this user the right to write there, or use another home:\n\n    export MODELCTL_HOME=/path/to/folder',
  });

const notStarted = ({ logFile }: Place, timedOut: boolean): Problem =>
  errorProblem({
    code: 'engine/not-started',
    summary: 'The embedded engine did not start',
    detail: timedOut
      ? `The engine did not answer within ${startMsMax / 1000} s of its start.`
      : 'The engine ended as soon as it was started.',
    remedy: `Its log says why:\n\n    ${logFile}`,
    retry: 'later',
  });

const notStopped = (pid: number): Problem =>
  errorProblem({
    code: 'engine/not-stopped',
    summary: 'The embedded engine does not end',
    detail: `Process ${pid} is still there after it was killed.`,
    retry: 'later',
  });
