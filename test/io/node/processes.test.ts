import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeProcesses } from '../../../src/io/node/processes.ts';

const processes = createNodeProcesses();

let folder: string;
const started: number[] = [];

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-processes-')));
});

afterEach(async () => {
  for (const pid of started.splice(0)) processes.signal(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

const logged = (text: string) => async (): Promise<boolean> =>
  (await readFile(join(folder, 'logs', 'engine.log'), 'utf8')).includes(text);

async function startDetached(source: string, ...args: readonly string[]): Promise<number> {
  const program = join(folder, 'program.mjs');
  await writeFile(program, source);
  const pid = await processes.spawnDetached({
    program,
    arguments: args,
    environment: { MODELCTL_TEST_VALUE: 'given' },
    logFile: join(folder, 'logs', 'engine.log'),
  });
  started.push(pid);
  return pid;
}

const untilKilled = 'setInterval(() => undefined, 1000);';

describe('a detached process', () => {
  it('gets its arguments and environment, and writes to its log', async () => {
    await startDetached(
      `console.log(process.argv.slice(2).join('|'), process.env.MODELCTL_TEST_VALUE, process.cwd());
       console.error('and errors', process.env.PATH !== undefined, process.stdin.isTTY === true);`,
      'one',
      'two words',
    );
    await until(logged('and errors true false'));
    await until(logged(`one|two words given ${join(folder, 'logs')}`));
  });

  it('appends to a log that is there', async () => {
    await startDetached(`console.log('first run');`);
    await until(logged('first run'));
    await startDetached(`console.log('second run');`);
    await until(logged('second run'));
    expect(await logged('first run')()).toBe(true);
  });

  it('leads a process group of its own', async () => {
    if (process.platform !== 'linux') return;
    const pid = await startDetached(untilKilled);
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
    expect(Number(fields[4])).toBe(pid);
  });

  it('outlives the process that started it, which ends at once', async () => {
    const program = join(folder, 'program.mjs');
    await writeFile(program, `console.log('alive'); ${untilKilled}`);
    const starter = `
      import { createNodeProcesses } from ${JSON.stringify(sourceUrl)};
      const pid = await createNodeProcesses().spawnDetached({
        program: ${JSON.stringify(program)}, arguments: [], environment: {},
        logFile: ${JSON.stringify(join(folder, 'logs', 'engine.log'))},
      });
      console.log(pid);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', starter], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    parent.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(parent, 'close')) as [number];
    const pid = Number(output);
    started.push(pid);
    expect(code).toBe(0);
    await until(logged('alive'));
    expect(processes.isAlive(pid)).toBe(true);
  });
});

const sourceUrl = pathToFileURL(
  join(import.meta.dirname, '../../../src/io/node/processes.ts'),
).href;

describe('a process', () => {
  it('is alive until it ends, collected by its parent or not', async () => {
    const pid = await startDetached(untilKilled);
    expect(processes.isAlive(pid)).toBe(true);
    expect(processes.isAlive(process.pid)).toBe(true);
    processes.signal(pid, 'SIGTERM');
    await until(() => !processes.isAlive(pid));
    processes.signal(pid, 'SIGTERM');
    processes.signal(pid, 'SIGKILL');
  });

  it('is not alive as a zombie', async () => {
    if (process.platform !== 'linux') return;
    // The shell starts a child and then becomes a program that never collects it.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    started.push(parent.pid ?? 0);
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    await until(() => !processes.isAlive(Number(output)));
    expect(processes.isAlive(parent.pid ?? 0)).toBe(true);
  });

  it('keeps its start, which another process does not share', async () => {
    const pid = await startDetached(untilKilled);
    const start = await processes.startOf(pid);
    expect(start).toMatch(/./);
    expect(await processes.startOf(pid)).toBe(start);
    expect(await processes.startOf(process.pid)).not.toBe(start);
  });

  it('has no start when there is none', async () => {
    const pid = await startDetached('');
    await until(() => !processes.isAlive(pid));
    await until(async () => (await processes.startOf(pid)) === null);
  });

  it.each([0, -1, 1.5, Number.NaN])('is never a group of processes (%d)', (pid) => {
    expect(() => processes.isAlive(pid)).toThrow('is not a process');
    expect(() => processes.signal(pid, 'SIGTERM')).toThrow('is not a process');
  });
});

describe('a program that is asked', () => {
  const ask = (script: string, timeoutMs = 15_000) =>
    processes.ask({
      program: 'sh',
      arguments: ['-c', script],
      input: 'a question',
      timeoutMs,
      answerCharactersMax: 1_000,
      signal: AbortSignal.timeout(15_000),
    });

  it('reads the question and answers', async () => {
    const answer = 'a question, then';
    expect(await ask('cat; printf ", then"')).toEqual({ kind: 'ended', exitCode: 0, answer });
  });

  it('need not read it', async () => {
    expect(await ask('exit 3')).toEqual({ kind: 'ended', exitCode: 3, answer: '' });
  });

  it('is ended when it takes too long, with what it started', async () => {
    if (process.platform === 'win32') return;
    expect(await ask('sleep 60 & sleep 60', 200)).toEqual({ kind: 'silent' });
  });
});
