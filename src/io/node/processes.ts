// Other processes: starting ours, asking whether they live, telling them to stop. A pid is reused
// by the system, so whoever remembers one remembers `startOf` with it.
import { readFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { assert } from '../../core/assert.ts';
import { errorCode, isAbsent } from '../error-code.ts';
import type { Processes } from '../io.ts';
import { makeFolder } from './durable.ts';

const onLinux = process.platform === 'linux';

export const createNodeProcesses = (): Processes => ({
  pid: process.pid,
  spawnDetached,
  isAlive: (pid) => sendSignal(pid, 0) && !(onLinux && isZombie(pid)),
  startOf: (pid) => {
    if (onLinux) return startOnLinux(pid);
    return process.platform === 'win32' ? Promise.resolve(null) : startByPs(pid);
  },
  bootId,
  lockFile: async (path, options) => (await import('./file-lock.ts')).lockFile(path, options),
  ask: async (options) => (await import('./ask-program.ts')).askProgram(options),
  signal: (pid, signal, to = 'process') => {
    if (to === 'group') sendToGroup(pid, signal);
    else sendSignal(pid, signal);
  },
  run: async (program, given, options) => (await import('./run.ts')).run(program, given, options),
  environmentOf,
});

/** Linux names each boot; elsewhere nothing is relied on that could be of an earlier one. */
async function bootId(): Promise<string | null> {
  if (!onLinux) return null;
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch (error) {
    if (isAbsent(error)) return null; // as in containers without /proc
    throw error;
  }
}

const spawnDetached: Processes['spawnDetached'] = async (options) => {
  const { execa } = await import('execa');
  await makeFolder(dirname(options.logFile));
  // The file itself, not a pipe: the child goes on writing after this process is gone.
  const log = await open(options.logFile, 'a', 0o600);
  const output = log.createWriteStream();
  const child = execa(process.execPath, [options.program, ...options.arguments], {
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    windowsHide: true,
    env: options.environment,
    // Not ours: an inherited folder could not be unmounted or removed while the child lives.
    cwd: dirname(options.logFile),
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  });
  child.nodeChildProcess.unref();
  output.destroy();
  if (child.pid !== undefined) return child.pid;
  const { originalMessage } = await child;
  throw new Error(`${options.program} did not start: ${originalMessage ?? 'unknown reason'}`);
};

/** False when there is no such process. One of another user is there, but not ours to signal. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  // 0 and negative numbers mean whole groups of processes to the system.
  assert(Number.isSafeInteger(pid) && pid > 0, `${pid} is not a process`);
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    if (errorCode(error) === 'EPERM' && signal === 0) return true;
    throw error;
  }
}

/** macOS tells of it only to root's tools. */
async function environmentOf(pid: number): Promise<Readonly<Record<string, string>> | null> {
  if (!onLinux) return null;
  try {
    const text = await readFile(`/proc/${pid}/environ`, 'utf8');
    const pairs = text.split('\0').flatMap((one): [string, string][] => {
      const at = one.indexOf('=');
      return at > 0 ? [[one.slice(0, at), one.slice(at + 1)]] : [];
    });
    // A zombie's is empty; a program always has some variable.
    return pairs.length === 0 ? null : Object.fromEntries(pairs);
  } catch (error) {
    const code = errorCode(error);
    if (isAbsent(error) || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

/** The group outlives its leader while others of it run. */
function sendToGroup(leader: number, signal: NodeJS.Signals): void {
  assert(Number.isSafeInteger(leader) && leader > 1, `${leader} leads no group`);
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/**
 * Fields of /proc/<pid>/stat from the third on (state). The second is the program's name in
 * parentheses and may itself hold spaces and parentheses: see proc(5).
 */
const statFields = (text: string): readonly string[] =>
  text.slice(text.lastIndexOf(')') + 2).split(' ');

/** Ended, and not yet collected by its parent: in containers without an init, perhaps never. */
function isZombie(pid: number): boolean {
  try {
    const [state] = statFields(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return state === 'Z' || state === 'X';
  } catch (error) {
    // Ended since it was asked for; reading from an entry that goes away gives ESRCH.
    if (isAbsent(error) || errorCode(error) === 'ESRCH') return true;
    throw error;
  }
}

/** Clock ticks since boot (field 22), with the boot they count from. */
async function startOnLinux(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    ]);
    const ticks = statFields(stat)[22 - 3];
    return ticks === undefined ? null : `${boot.trim()}:${ticks}`;
  } catch (error) {
    if (isAbsent(error) || errorCode(error) === 'ESRCH') return null;
    throw error;
  }
}

const psTimeoutMs = 5_000;

/** macOS and the BSDs: the start to the second, in a fixed language and time zone. */
async function startByPs(pid: number): Promise<string | null> {
  const { execa } = await import('execa');
  const { stdout } = await execa('ps', ['-o', 'lstart=', '-p', String(pid)], {
    env: { LC_ALL: 'C', TZ: 'UTC' },
    reject: false,
    timeout: psTimeoutMs,
  });
  const text = (stdout ?? '').trim();
  return text === '' ? null : text;
}
