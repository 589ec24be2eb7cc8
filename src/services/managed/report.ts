// The engines that modelctl keeps running on this machine, whichever set declared them: for people who
// look, stop and start them by hand. A Backend's next apply starts again what it wants to run.
import { basename, join } from 'node:path';
import type { BackendContext } from '../../backends/backend.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import { waitFor } from '../../io/wait-for.ts';
import { supervisorFiles } from '../../supervisor/protocol.ts';
import { startSupervisor, stopManaged } from './control.ts';
import { find, servicesFolder } from './place.ts';

export interface ManagedReport {
  /** metadata.name of the Backend that it was last set up for. */
  readonly name: string;
  readonly endpoint: string;
  /** `unattended`: it runs, and its supervisor is gone. */
  readonly state: 'running' | 'stopped' | 'waiting' | 'crash-loop' | 'unattended';
  readonly pid: number | null;
  readonly supervisorPid: number | null;
  /** Milliseconds since the epoch; null when it does not run. */
  readonly startedAt: number | null;
  /** Starts in a row that came to nothing. */
  readonly failures: number;
  readonly lastEnd: string | null;
  readonly logFile: string;
}

/** Sorted by name. `names`: of Backends; none for all. Throws ProblemError for one that is not there. */
export async function managedReports(
  names: readonly string[],
  context: BackendContext,
): Promise<readonly ManagedReport[]> {
  const folders = await foldersOf(context.io);
  const reports = await Promise.all(folders.map((folder) => reportOf(folder, context.io)));
  const known = reports.filter((report) => report !== null);
  const missing = names.find((name) => !known.some((one) => one.name === name));
  if (missing !== undefined) throw new ProblemError(notManaged(missing, known));
  return known
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .toSorted((a, b) => (`${a.name} ${a.endpoint}` < `${b.name} ${b.endpoint}` ? -1 : 1));
}

/** How many of them ran. Throws ProblemError. */
export async function stopEngines(
  names: readonly string[],
  context: BackendContext,
): Promise<number> {
  const reports = await managedReports(names, context);
  const stopped = await Promise.all(reports.map((one) => stopManaged(folderOf(one), context)));
  return stopped.filter(Boolean).length;
}

const startMsMax = 15_000;

/** With the settings of its last start; whether it answers is for `engine status` to tell. */
export async function startEngines(
  names: readonly string[],
  context: BackendContext,
): Promise<readonly ManagedReport[]> {
  for (const report of await managedReports(names, context)) {
    if (report.supervisorPid !== null) continue;
    await startSupervisor(folderOf(report), context);
    await waitFor(startMsMax, context, async () => {
      const now = await find(folderOf(report), context.io);
      return now.isSupervised || null;
    });
  }
  return managedReports(names, context);
}

const folderOf = ({ logFile }: ManagedReport): string =>
  logFile.slice(0, -basename(logFile).length - 1);

async function foldersOf(io: Io): Promise<readonly string[]> {
  const folder = servicesFolder(io);
  if ((await io.files.stat(folder)) === null) return [];
  const entries = await io.files.list(folder);
  return entries.filter(({ kind }) => kind === 'folder').map(({ name }) => join(folder, name));
}

/** Null for a folder without settings: nothing was ever to run there. */
async function reportOf(folder: string, io: Io): Promise<ManagedReport | null> {
  const { settings, state, isRunning, isSupervised } = await find(folder, io);
  if (settings === null) return null;
  const { name, endpoint } = settings;
  const phase = state?.phase === 'crash-loop' ? 'crash-loop' : 'waiting';
  const idle = isSupervised ? phase : 'stopped';
  return {
    name,
    endpoint,
    state: isRunning ? (isSupervised ? 'running' : 'unattended') : idle,
    pid: isRunning ? (state?.engine?.pid ?? null) : null,
    supervisorPid: isSupervised ? (state?.supervisor.pid ?? null) : null,
    startedAt: isRunning ? (state?.startedAt ?? null) : null,
    failures: state?.failures ?? 0,
    lastEnd: state?.lastEnd ?? null,
    logFile: join(folder, supervisorFiles.log),
  };
}

const notManaged = (name: string, known: readonly ManagedReport[]): Problem =>
  errorProblem({
    code: 'service/unknown',
    summary: 'There is no such engine',
    detail: `modelctl runs no engine for a Backend that is called ${name}.`,
    remedy:
      known.length === 0
        ? 'It runs those of Backends with `service: { type: managed }`, once they were applied.'
        : `It runs ${known.map((one) => one.name).join(', ')}.`,
  });
