// Starting and stopping a supervisor and its engine. Each wait ends, and there are never two of them
// for one folder: the supervisor claims it, and what an earlier one left behind is ended first.
import { join } from 'node:path';
import type { BackendContext } from '../../backends/backend.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { isRunning } from '../../io/is-running.ts';
import { programPath } from '../../io/program-path.ts';
import { waitFor } from '../../io/wait-for.ts';
import { type Mark, supervisorFiles } from '../../supervisor/protocol.ts';
import { find } from './place.ts';

/** Longer than a supervisor gives its engine. */
const stopMs = 20_000;
const killMs = 5_000;

/** Where secrets are variables, the supervisor has them from this process. */
export const startSupervisor = (folder: string, { io }: BackendContext): Promise<number> =>
  io.processes.spawnDetached({
    program: programPath(import.meta.url, 'supervisor/main'),
    arguments: [folder],
    environment: {},
    logFile: join(folder, supervisorFiles.ownLog),
  });

/** False when nothing ran. The supervisor ends its engine; one without a supervisor is ended from here. */
export async function stopManaged(folder: string, context: BackendContext): Promise<boolean> {
  const { processes } = context.io;
  const found = await find(folder, context.io);
  const { state } = found;
  if (state === null || !(found.isSupervised || found.isRunning)) return false;
  if (found.isSupervised) {
    processes.signal(state.supervisor.pid, 'SIGTERM');
    await end(state.supervisor, 'process', stopMs, context);
  }
  const engine = (await find(folder, context.io)).state?.engine ?? state.engine;
  if (engine === null || !(await isRunning(processes, engine))) return true;
  processes.signal(engine.pid, 'SIGTERM', 'group');
  await end(engine, 'group', stopMs, context);
  return true;
}

/** Waits for it, and kills what does not go. Throws ProblemError. */
async function end(
  mark: Mark,
  to: 'process' | 'group',
  timeoutMs: number,
  context: BackendContext,
): Promise<void> {
  const { processes } = context.io;
  const gone = (ms: number): Promise<true | null> =>
    waitFor(ms, context, async () => !(await isRunning(processes, mark)) || null);
  if ((await gone(timeoutMs)) !== null) return;
  processes.signal(mark.pid, 'SIGKILL', to);
  if ((await gone(killMs)) === null) throw new ProblemError(notStopped(mark));
}

const notStopped = ({ pid }: Mark): Problem =>
  errorProblem({
    code: 'service/not-stopped',
    summary: 'An engine does not end',
    detail: `Process ${pid} is still there after it was killed.`,
    retry: 'later',
  });
