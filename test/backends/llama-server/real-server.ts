// The real llama-server that MODELCTL_TEST_LLAMA_SERVER names by the path of its program: started for
// each test with a preset file of its own, and ended with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const realProgram = (): string | null => process.env['MODELCTL_TEST_LLAMA_SERVER'] || null;

export interface RunningServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export async function startReal(
  program: string,
  preset: string,
  flags: readonly string[] = [],
): Promise<RunningServer> {
  const port = await freePort();
  const own = ['--models-preset', preset, '--offline', '--port', String(port), ...flags];
  const child = spawn(program, own, { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await answered(`${url}/health`, child);
  return { url, stop: () => ended(child) };
}

async function answered(url: string, child: ChildProcess): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(killing);
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
