// Programs that are run to their end, what a process was started with, and whole groups.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { createNodeProcesses } from '../../../src/io/node/processes.ts';

const { run, environmentOf, signal, isAlive } = createNodeProcesses();
const options = { timeoutMs: 10_000, signal: new AbortController().signal, outputBytesMax: 1000 };
const node = (source: string, more: Partial<typeof options> = {}) =>
  run(process.execPath, ['-e', source], { ...options, ...more });

describe('a program that is run', () => {
  test('tells what it said and how it ended', async () => {
    const source = 'console.log("out"); console.error("err"); process.exit(3)';
    const ended = { kind: 'ended', code: 3, output: 'out\n', errors: 'err\n' };
    expect(await node(source)).toEqual(ended);
  });

  test('gets its arguments as they are', async () => {
    const given = ['a b', '$HOME', '"', '*'];
    const ran = await run(
      process.execPath,
      ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...given],
      options,
    );
    expect(ran).toMatchObject({ code: 0, output: `${JSON.stringify(given)}\n` });
  });

  test('may not be there', async () => {
    expect(await run('modelctl-no-such-program', [], options)).toEqual({ kind: 'absent' });
  });

  test('is ended when it takes too long', async () => {
    const endless = 'setInterval(() => {}, 1000)';
    expect(await node(endless, { timeoutMs: 300 })).toEqual({ kind: 'timed-out' });
  });

  test('is no success when it says more than anybody wants to read', async () => {
    const ran = await node('console.log("x".repeat(100_000))');
    expect(ran.kind === 'ended' && ran.code !== 0 && ran.output.length <= 1000).toBe(true);
  });

  test('ends when whoever asked is told to stop', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stop')), 100);
    const ran = node('setInterval(() => {}, 1000)', { signal: stop.signal });
    await expect(ran).rejects.toThrow('stop');
  });
});

test('a process tells what it was started with, and one that is gone nothing', async () => {
  const child = spawn('sleep', ['100'], { env: { PATH: process.env['PATH'], ODD: 'a=b\nc' } });
  const pid = child.pid ?? 0;
  expect(await environmentOf(pid)).toMatchObject({ ODD: 'a=b\nc' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await environmentOf(pid)).toBeNull();
});

test('a signal to a group ends those that its leader started', async () => {
  const leader = spawn('sh', ['-c', 'sleep 100 & echo $!; wait'], { detached: true });
  const [line] = (await once(leader.stdout, 'data')) as [Buffer];
  const child = Number(line.toString());
  signal(leader.pid ?? 0, 'SIGTERM', 'group');
  await once(leader, 'exit');
  const deadline = Date.now() + 5000;
  while (isAlive(child) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
  expect(isAlive(child)).toBe(false);
  expect(() => signal(leader.pid ?? 0, 'SIGKILL', 'group')).not.toThrow();
});
