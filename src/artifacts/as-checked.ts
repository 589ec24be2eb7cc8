// Where problems that had to be thrown, deep in a stream or a port, become values again.
import { type Checked, ProblemError, refused } from '../core/problem.ts';

/** An abort and our own bugs go on as exceptions. */
export async function asChecked<T>(
  signal: AbortSignal,
  work: () => Promise<Checked<T>>,
): Promise<Checked<T>> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProblemError) return refused(error.problem);
    throw error;
  }
}
