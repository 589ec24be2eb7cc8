// Asks another program one thing: what it reads, what it answers, and an end to it whatever it does.
import process from 'node:process';
import { errorCode } from '../error-code.ts';
import type { Processes } from '../io.ts';

export const askProgram: Processes['ask'] = async (options) => {
  options.signal.throwIfAborted();
  const { execa } = await import('execa');
  const late = AbortSignal.timeout(options.timeoutMs);
  const child = execa(options.program, options.arguments, {
    input: options.input,
    // What it says of its own work is for its own users, and may hold more than we want to know.
    stderr: 'ignore',
    reject: false,
    windowsHide: true,
    maxBuffer: options.answerCharactersMax,
    // It may not be in a state to end by itself, and has nothing of ours to put in order.
    killSignal: 'SIGKILL',
    detached: hasGroups,
  });
  const kill = (): void => killGroup(child.pid);
  const over = AbortSignal.any([options.signal, late]);
  over.addEventListener('abort', kill);
  const result = await child;
  over.removeEventListener('abort', kill);
  options.signal.throwIfAborted();
  if (late.aborted) return { kind: 'silent' };
  if (result.isMaxBuffer) return { kind: 'endless' };
  if (result.exitCode === undefined && !result.isTerminated) return { kind: 'missing' };
  return { kind: 'ended', exitCode: result.exitCode ?? null, answer: result.stdout };
};

const hasGroups = process.platform !== 'win32';

/** What it started in its turn may hold its output open, and would be waited for. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(hasGroups ? -pid : pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
