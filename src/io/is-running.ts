// Whether a process that somebody remembered still runs: a number alone may be another's by now.
import type { ProcessMark } from '../core/transfer.ts';
import type { Processes } from './io.ts';

/** Where the platform cannot tell when a process began, its number has to do. */
export async function isRunning(processes: Processes, mark: ProcessMark): Promise<boolean> {
  if (!processes.isAlive(mark.pid)) return false;
  const start = await processes.startOf(mark.pid);
  return mark.start === null || start === null || start === mark.start;
}
