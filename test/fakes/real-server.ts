// Real servers of this machine (docker-registry and the like) for tests: started on a port that is
// free, awaited, and ended by their pid. Where a program is missing, the tests that need it are
// reported as not run; in CI they run all the same, and fail.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const readyTimeoutMs = 15_000;

/** For `describe.runIf`. */
export const canRun = (...programs: readonly string[]): boolean =>
  process.env['CI'] !== undefined || programs.every(isInstalled);

const isInstalled = (program: string): boolean => programPath(program) !== null;

/** Debian puts servers where the PATH of a user who is not root does not lead. */
export const programPath = (program: string): string | null =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path)) ?? null;

export interface RealServer {
  /** What `ready` found in the output. */
  readonly found: string;
  readonly stop: () => Promise<void>;
}

/**
 * Runs until `stop`. It has started once its output, error output included, matches `ready`,
 * whose first group is kept; an end before that is an error with that output.
 */
export async function startServer(
  program: string,
  given: readonly string[],
  ready: RegExp,
): Promise<RealServer> {
  const child = spawn(program, given, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  await once(child, 'spawn');
  let output = '';
  const found = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      const match = ready.exec(output);
      if (match !== null) resolve(match[1] ?? '');
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const fail = (why: string) => () => reject(new Error(`${program} ${why}:\n${output}`));
    child.once('close', fail('ended'));
    const timer = setTimeout(fail('did not become ready'), readyTimeoutMs);
    timer.unref();
  });
  try {
    return { found: await found, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
