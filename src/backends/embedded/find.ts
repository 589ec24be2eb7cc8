// Is there a running engine, and where? Reads only. A state file whose process is gone is what a
// killed engine leaves behind: it means that none runs. One whose process lives and does not
// answer is neither running nor stopped, and is told as such.
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { EngineState, EngineStatus } from '../../engine/protocol.ts';
import { readState } from '../../engine/state-file.ts';
import { HttpError, type Io } from '../../io/io.ts';
import { isRunning } from '../../io/is-running.ts';
import { type EngineAddress, getStatus } from './client.ts';
import type { Place } from './place.ts';

export type Found =
  | {
      readonly kind: 'running';
      readonly state: EngineState;
      readonly address: EngineAddress;
      readonly status: EngineStatus;
    }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'unresponsive'; readonly state: EngineState; readonly problem: Problem };

export async function findEngine(
  { folder }: Pick<Place, 'folder'>,
  context: { readonly io: Io; readonly signal: AbortSignal },
): Promise<Found> {
  const { files, processes } = context.io;
  const state = await readState(files, folder);
  if (state === null || !(await isRunning(processes, state))) return { kind: 'stopped' };
  const address = addressOf(state);
  try {
    const status = await getStatus(address, context);
    return { kind: 'running', state, address, status };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    context.signal.throwIfAborted();
    // It may have ended between the look at its process and the question.
    if (!(await isRunning(processes, state))) return { kind: 'stopped' };
    return { kind: 'unresponsive', state, problem: unresponsive(state, error) };
  }
}

const addressOf = ({ port, token }: EngineState): EngineAddress => ({
  url: `http://127.0.0.1:${port}`,
  headers: { authorization: `Bearer ${token}` },
});

const unresponsive = ({ pid }: EngineState, { reason }: HttpError): Problem =>
  errorProblem({
    code: 'engine/unresponsive',
    summary: 'The embedded engine does not answer',
    detail: `The embedded engine (process ${pid}) runs, and gave no answer (${reason}).`,
    remedy: 'Stop it; the next run starts it again:\n\n    modelctl engine stop',
    retry: 'later',
  });
