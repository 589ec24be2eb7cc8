// Runs a program to its end. Its output is bounded, and so is its time; what it says on its way is
// for whoever called, in the one language that can be relied on.
import { execa } from 'execa';
import { errorCode } from '../error-code.ts';
import type { Processes } from '../io.ts';

export const run: Processes['run'] = async (program, given, options) => {
  const { timeoutMs, signal, outputBytesMax } = options;
  signal.throwIfAborted();
  const ended = await execa(program, given, {
    reject: false,
    stdin: 'ignore',
    timeout: timeoutMs,
    cancelSignal: signal,
    forceKillAfterDelay: killAfterMs,
    maxBuffer: outputBytesMax,
    encoding: 'utf8',
    stripFinalNewline: false,
    env: { LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' },
    windowsHide: true,
  });
  signal.throwIfAborted();
  if (ended.timedOut) return { kind: 'timed-out' };
  const { exitCode, stdout, stderr } = ended;
  if (exitCode === undefined && errorCode(ended.cause) === 'ENOENT') return { kind: 'absent' };
  // Ended by a signal, or stopped because it said too much: no success in either case.
  return { kind: 'ended', code: exitCode ?? 1, output: stdout ?? '', errors: stderr ?? '' };
};

const killAfterMs = 2_000;
