// Sets up and starts an engine that modelctl runs itself. Settings are a file that the supervisor reads
// when it starts; those that worked last stay beside them until the engine has answered with the new
// ones, and are put back when it does not.
import { join } from 'node:path';
import type { BackendContext, Performed } from '../../backends/backend.ts';
import { sameJson } from '../../core/canonical.ts';
import type { ServiceAction } from '../../core/plan.ts';
import { isAbsent } from '../../io/error-code.ts';
import type { Io } from '../../io/io.ts';
import { isRunning } from '../../io/is-running.ts';
import { waitFor } from '../../io/wait-for.ts';
import { type EngineSettings, supervisorFiles } from '../../supervisor/protocol.ts';
import { logTail } from '../log-tail.ts';
import { makeNeededFile } from '../needed-file.ts';
import { done, failedWith, guarded, notHealthy, portTaken } from '../outcome.ts';
import { startSupervisor, stopManaged } from './control.ts';
import { find } from './place.ts';
import type { ManagedSetup } from './setup.ts';

const healthyMs = 60_000;
/** Ended so often without having answered once: it will not with these settings. */
const failuresMax = 3;
const tailBytesMax = 64 * 1024;

export const perform = (
  setup: ManagedSetup,
  folder: string,
  action: ServiceAction,
  context: BackendContext,
): Promise<Performed> =>
  guarded(setup.label, context, () =>
    action.kind === 'configure'
      ? configure(setup, folder, context)
      : restart(setup, folder, context),
  );

const settingsOf = (setup: ManagedSetup): EngineSettings => ({
  name: setup.name,
  endpoint: setup.endpoint,
  program: setup.program,
  arguments: setup.arguments,
  environment: setup.environment,
});

async function configure(
  setup: ManagedSetup,
  folder: string,
  { io }: BackendContext,
): Promise<Performed> {
  const { settings, former } = await find(folder, io);
  const wanted = settingsOf(setup);
  if (settings !== null && sameJson(settings, wanted)) return done('unchanged');
  if (settings !== null && former === null) {
    await write(join(folder, supervisorFiles.former), settings, io);
  }
  await write(join(folder, supervisorFiles.settings), wanted, io);
  return done('configured');
}

async function restart(
  setup: ManagedSetup,
  folder: string,
  context: BackendContext,
): Promise<Performed> {
  const { io } = context;
  const found = await find(folder, io);
  const isLeftAlone = found.isRunning && !found.isSupervised && found.former === null;
  // Left behind by a supervisor that was killed: the next one takes it over as it is.
  if (!isLeftAlone) {
    await stopManaged(folder, context);
    if (await setup.isHealthy(context)) return failedWith(portTaken(setup.label, setup.endpoint));
  }
  const why = await start(setup, folder, context);
  if (why === null) {
    await io.files.remove(join(folder, supervisorFiles.former));
    return done('restarted');
  }
  const said = await tailOf(setup, folder, io);
  await stopManaged(folder, context);
  const putBack = await putFormerBack(setup, folder, context);
  const log = join(folder, supervisorFiles.log);
  return failedWith(notHealthy(setup.label, why, { tail: said, putBack, log }));
}

/** Null when it answers; else why not, as the end of a sentence. */
async function start(
  setup: ManagedSetup,
  folder: string,
  context: BackendContext,
): Promise<string | null> {
  const { processes } = context.io;
  await makeNeededFile(setup, context.io);
  const pid = await startSupervisor(folder, context);
  const mark = { pid, start: await processes.startOf(pid) };
  const end = await waitFor(healthyMs, context, async (): Promise<string | null> => {
    const { state, isRunning: runs, isSupervised } = await find(folder, context.io);
    if (isSupervised && runs && (await setup.isHealthy(context))) return 'healthy';
    if (isSupervised && state !== null && state.failures >= failuresMax) {
      return `ended each time with ${state.lastEnd ?? 'nobody knows what'}`;
    }
    if (!isSupervised && !(await isRunning(processes, mark))) return 'could not be started';
    return null;
  });
  if (end === 'healthy') return null;
  return end ?? `did not answer within ${healthyMs / 1000} s`;
}

/** What became of the settings that worked before, as a sentence. */
async function putFormerBack(
  setup: ManagedSetup,
  folder: string,
  context: BackendContext,
): Promise<string> {
  const { io } = context;
  const { former } = await find(folder, io);
  if (former === null) return 'It is stopped now.';
  await write(join(folder, supervisorFiles.settings), former, io);
  await io.files.remove(join(folder, supervisorFiles.former));
  const why = await start(setup, folder, context);
  return why === null
    ? 'It runs with its former settings again.'
    : `It was given its former settings again, and ${why}.`;
}

async function tailOf(setup: ManagedSetup, folder: string, io: Io): Promise<string> {
  const path = join(folder, supervisorFiles.log);
  try {
    const bytes = (await io.files.stat(path))?.bytes ?? 0;
    const chunks: Uint8Array[] = [];
    for await (const chunk of io.files.readStream(path, {
      start: Math.max(0, bytes - tailBytesMax),
    })) {
      chunks.push(Uint8Array.from(chunk));
    }
    return await logTail(Buffer.concat(chunks).toString('utf8'), setup.environment, io);
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

/** References to secrets, not the secrets; its owner's business all the same. */
const write = (path: string, settings: EngineSettings, { files }: Io): Promise<void> =>
  files.writeAtomic(path, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
