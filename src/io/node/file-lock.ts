// flock(2), which Node does not have, through flock(1) of util-linux or BusyBox. The lock belongs to
// a child that reads from this process until there is nothing more to read: so it ends with this
// process, however that ends, and no lock is left behind.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import type { FileLock, Processes } from '../io.ts';

type Child = ChildProcessByStdio<Writable, Readable, null>;

/**
 * `cat` runs once the lock is there and gives back what it is sent, which is how we know. The mode
 * of a new file lets others of the group take the lock too, as the Hugging Face client has it.
 */
const script = 'umask 002; exec flock -x "$0" cat';

export const lockFile: Processes['lockFile'] = async (path, options) => {
  options.signal.throwIfAborted();
  if (process.platform === 'win32') return { kind: 'unavailable' };
  // A group of its own: an interrupt from the terminal is this process's to answer.
  const child = spawn('sh', ['-c', script, path], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = endOf(child);
  const got = await outcomeOf(child, ended, options);
  if (got === 'held') {
    const release = async (): Promise<void> => {
      child.stdin.end();
      await ended;
    };
    return { kind: 'held', release };
  }
  // While it waits for the lock it does not look at its input; a `cat` just started looks only there.
  child.kill('SIGKILL');
  child.stdin.destroy();
  await ended;
  options.signal.throwIfAborted();
  return { kind: got };
};

/** Never rejects: a child that could not be started closes as well. */
const endOf = (child: Child): Promise<void> =>
  new Promise((resolve) => {
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    child.once('close', () => resolve());
  });

/** What comes first: the lock, the child's end (no flock, no such file), or the end of the time. */
async function outcomeOf(
  child: Child,
  ended: Promise<void>,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<FileLock['kind']> {
  const { promise, resolve } = Promise.withResolvers<FileLock['kind']>();
  const giveUp = (): void => resolve('busy');
  const timer = setTimeout(giveUp, options.timeoutMs);
  options.signal.addEventListener('abort', giveUp);
  child.stdout.once('data', () => resolve('held'));
  child.stdin.write('?');
  void ended.then(() => resolve('unavailable'));
  const got = await promise;
  clearTimeout(timer);
  options.signal.removeEventListener('abort', giveUp);
  return got;
}
