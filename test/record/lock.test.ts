import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Checked } from '../../src/core/problem.ts';
import type { Io } from '../../src/io/io.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { acquireLock, type Lock } from '../../src/record/lock.ts';
import { createFakeIo } from '../fakes/io.ts';

let folder: string;
let path: string;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'modelctl-lock-'));
  path = join(folder, 'state', 'lock.db');
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }
  children.clear();
  await fs.rm(folder, { recursive: true, force: true });
});

interface Holder {
  readonly child: ChildProcess;
  readonly said: (text: string) => Promise<void>;
}

function startHolder(timeoutMs = 0): Holder {
  const program = fileURLToPath(new URL('./lock-holder.ts', import.meta.url));
  const child = spawn(process.execPath, [program, path, String(timeoutMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  let output = '';
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    for (const listener of listeners) listener();
  });
  const said = async (text: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (output.includes(text)) resolve();
    };
    listeners.add(look);
    look();
    await promise;
  };
  return { child, said };
}

const acquire = (
  options: { timeoutMs?: number; signal?: AbortSignal; io?: Io } = {},
): Promise<Checked<Lock>> => {
  const io = options.io ?? createNodeIo();
  const holder = { pid: process.pid, command: 'modelctl apply', since: Date.now() };
  const request = { path, timeoutMs: options.timeoutMs ?? 0, holder };
  return acquireLock(request, io, options.signal ?? new AbortController().signal);
};

async function hold(options: Parameters<typeof acquire>[0] = {}): Promise<Lock> {
  const lock = await acquire(options);
  if (!lock.ok) throw new Error(lock.problems[0]?.detail);
  return lock.value;
}

async function problemOf(options: Parameters<typeof acquire>[0] = {}) {
  const lock = await acquire(options);
  if (lock.ok) throw new Error('the lock was free');
  return lock.problems[0];
}

describe('the lock', () => {
  it('is free again after its release, which may come twice', async () => {
    const first = await hold();
    await first.release();
    const second = await hold();
    await first.release();
    expect(await problemOf()).toMatchObject({ code: 'record/locked' });
    await second.release();
    expect(await fs.readdir(join(folder, 'state'))).toEqual(['lock.db']);
    expect((await fs.stat(path)).size).toBe(0);
  });

  it('is refused while another process holds it, and says which', async () => {
    const { child, said } = startHolder();
    await said('held');
    expect(await problemOf()).toEqual({
      severity: 'error',
      code: 'record/locked',
      summary: 'Another process is changing models on this machine',
      detail:
        `Process ${child.pid} (modelctl apply -f team.yaml), since 2030-03-17T17:46:40.000Z, ` +
        `holds ${path}.`,
      remedy: expect.stringContaining('--lock-timeout') as string,
      retry: 'later',
    });
  });

  it('is given to nobody twice when many ask at once', async () => {
    const locks = await Promise.all(Array.from({ length: 5 }, () => acquire()));
    expect(locks.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('is free as soon as its holder was killed', async () => {
    const { child, said } = startHolder();
    await said('held');
    expect(await problemOf()).toMatchObject({ code: 'record/locked' });
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    const lock = await hold();
    const note = JSON.parse(await fs.readFile(`${path}.holder.json`, 'utf8')) as { pid: number };
    expect(note.pid).toBe(process.pid);
    await lock.release();
  });

  it('keeps other processes out as long as this one lives', async () => {
    const lock = await hold();
    const other = startHolder();
    await other.said('refused record/locked');
    await lock.release();
    await startHolder().said('held');
  });
});

describe('waiting for the lock', () => {
  it('ends when the holder lets go', async () => {
    const { child, said } = startHolder();
    await said('held');
    const waiting = hold({ timeoutMs: 60_000 });
    child.stdin?.write('let go\n');
    await (await waiting).release();
    await said('released');
  });

  it('ends when the holder is killed', async () => {
    const { child, said } = startHolder();
    await said('held');
    const waiting = hold({ timeoutMs: 60_000 });
    child.kill('SIGKILL');
    await (await waiting).release();
  });

  it('ends with the timeout, in which it slept and did not block', async () => {
    const lock = await hold();
    const { clock, ...fakes } = createFakeIo();
    const before = clock.now();
    const io: Io = { ...fakes, files: createNodeIo().files, clock };
    expect(await problemOf({ timeoutMs: 30_000, io })).toMatchObject({ code: 'record/locked' });
    expect(clock.now() - before).toBe(30_000);
    await lock.release();
  });

  it('ends with the reason when it is aborted', async () => {
    const lock = await hold();
    const controller = new AbortController();
    const waiting = acquire({ timeoutMs: 60_000, signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await lock.release();
  });
});

describe('the note of who holds it', () => {
  it.each([
    ['left by a process that ended', '{"pid":4194304,"command":"modelctl apply","since":1}'],
    ['not ours', '{"pid":"1; rm","command":7}'],
    ['of a group of processes', '{"pid":-1,"command":"modelctl apply","since":1}'],
    ['from no time at all', '{"pid":1,"command":"modelctl apply","since":1e300}'],
    ['not even JSON', '{'],
  ])('is not believed when it is %s', async (_, note) => {
    const lock = await hold();
    await fs.writeFile(`${path}.holder.json`, note);
    expect((await problemOf())?.detail).toBe(`Another process holds ${path}.`);
    await lock.release();
  });

  it('is not needed', async () => {
    const lock = await hold();
    await fs.rm(`${path}.holder.json`);
    expect((await problemOf())?.detail).toBe(`Another process holds ${path}.`);
    await lock.release();
  });
});

describe('a lock that cannot be taken', () => {
  it('is a problem when its file is something else', async () => {
    await fs.mkdir(join(folder, 'state'));
    await fs.writeFile(path, 'not a lock\n'.repeat(100));
    expect(await problemOf()).toMatchObject({ code: 'record/lock-unusable' });
    expect(await fs.readFile(path, 'utf8')).toContain('not a lock');
  });

  it('is a problem when its folder cannot be made', async () => {
    await fs.writeFile(join(folder, 'state'), 'a file');
    expect(await problemOf()).toMatchObject({ code: 'record/lock-unusable' });
  });

  it('is given back when the note cannot be written', async () => {
    const io = createNodeIo();
    const writeAtomic = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    const failing: Io = { ...io, files: { ...io.files, writeAtomic } };
    expect(await problemOf({ io: failing })).toMatchObject({
      code: 'record/lock-unusable',
      remedy: 'Free some space and run the command again.',
    });
    await (await hold()).release();
  });
});
