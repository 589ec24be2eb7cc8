import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeProcesses } from '../../../src/io/node/processes.ts';
import { canRun } from '../../fakes/real-server.ts';

const run = promisify(execFile);
const { lockFile } = createNodeProcesses();
const { signal } = new AbortController();
const flock = 'flock';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-lock-'));
  path = join(folder, 'a file.lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const isFree = (): boolean => spawnSync(flock, ['-n', path, 'true']).status === 0;

async function held(): Promise<() => Promise<void>> {
  const lock = await lockFile(path, { timeoutMs: 10_000, signal });
  if (lock.kind !== 'held') throw new Error(`the lock is ${lock.kind}`);
  return lock.release;
}

describe.runIf(canRun('flock'))('a lock on a file', () => {
  it('keeps other programs out until it is released', async () => {
    const release = await held();
    expect(isFree()).toBe(false);
    expect(await lockFile(path, { timeoutMs: 50, signal })).toEqual({ kind: 'busy' });
    await release();
    expect(isFree()).toBe(true);
  });

  it('waits for whoever has it', async () => {
    const other = spawn(flock, [path, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    other.stdin.write('?');
    await once(other.stdout, 'data');
    const waiting = held();
    other.stdin.end();
    await once(other, 'close');
    await (await waiting)();
    expect(isFree()).toBe(true);
  });

  it('lets the group take the lock too', async () => {
    await (await held())();
    expect((await stat(path)).mode & 0o777).toBe(0o664);
  });

  it('is let go when this program is killed', async () => {
    const url = new URL('../../../src/io/node/processes.ts', import.meta.url).href;
    const program = `import { createNodeProcesses } from ${JSON.stringify(url)};
      const lock = await createNodeProcesses().lockFile(${JSON.stringify(path)}, {
        timeoutMs: 10_000, signal: new AbortController().signal });
      console.log(lock.kind);
      process.kill(process.pid, 'SIGKILL');`;
    const ended = run(process.execPath, ['--input-type=module', '-e', program]);
    await expect(ended).rejects.toMatchObject({ signal: 'SIGKILL', stdout: 'held\n' });
    execFileSync(flock, ['-w', '10', path, 'true']);
  });

  it('is given up when the work is aborted', async () => {
    const release = await held();
    const controller = new AbortController();
    const waiting = lockFile(path, { timeoutMs: 60_000, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await release();
    expect(isFree()).toBe(true);
  });

  it('is unavailable where no file can be made', async () => {
    const elsewhere = join(folder, 'none', 'lock');
    expect(await lockFile(elsewhere, { timeoutMs: 10_000, signal })).toEqual({
      kind: 'unavailable',
    });
  });
});
