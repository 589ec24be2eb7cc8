// What only a whole process shows: which Node it wants, what a signal does, what happens when the
// reader of its output goes away, and that a bug of ours ends in a report.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeOllama, type FakeOllama } from '../fakes/ollama-server.ts';
import { type Place, runModelctl } from './transcript.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const stops: (() => Promise<void>)[] = [];
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-process-'));
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(folder, { recursive: true });
});

/** A fake Ollama with one model that comes in so many steps, and a manifest that wants it. */
async function slowPull(steps: number): Promise<Place> {
  const ollama = createFakeOllama({ steps, stepDelayMs: 50 });
  ollama.registry.publish('library/tiny:v1', { weights: { bytes: 1_000_000, seed: 'tiny' } });
  return placeWith(ollama);
}

async function placeWith(ollama: FakeOllama): Promise<Place> {
  const listening = await ollama.start();
  stops.push(listening.stop);
  const address = new URL(listening.url).host;
  const place = {
    folder: join(folder, 'work'),
    home: join(folder, 'home'),
    ollama,
    address,
    stop: listening.stop,
  };
  await mkdir(place.folder);
  const manifest = [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    'metadata: { name: tiny }',
    `spec: { source: "ollama://${address}/library/tiny:v1" }`,
  ].join('\n');
  await writeFile(join(place.folder, 'models.yaml'), manifest);
  return place;
}

const environmentOf = ({ home, address }: Place) => ({
  PATH: process.env['PATH'],
  HOME: home,
  MODELCTL_HOME: home,
  OLLAMA_HOST: address,
});

/** Starts `apply` and waits until it is in the middle of the pull. */
async function startApply(place: Place) {
  const child = spawn(process.execPath, [program, 'apply', '-f', 'models.yaml'], {
    cwd: place.folder,
    env: environmentOf(place),
  });
  let stderr = '';
  const pulling = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
      if (stderr.includes('10% of')) resolve();
    });
  });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  await pulling;
  return { child, ended, stderr: () => stderr };
}

describe('a signal', () => {
  test('ends a run cleanly, and the next run goes on from there', async () => {
    const place = await slowPull(40);
    const { child, ended, stderr } = await startApply(place);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(stderr()).toContain('Stopping');
    const again = await runModelctl(['apply', '-f', 'models.yaml'], { place });
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(/^pulled /);
    expect(await runModelctl(['apply', '-f', 'models.yaml'], { place })).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test('the second time ends it at once', async () => {
    const { child, ended } = await startApply(await slowPull(40));
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });
});

describe('while another process changes models', () => {
  test('apply ends with 5 and says who it is, and reading goes on', async () => {
    const place = await slowPull(400);
    const { child, ended } = await startApply(place);
    const refused = await runModelctl(['apply', '-f', 'models.yaml'], { place });
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain(`Process ${child.pid}`);
    const approved = await runModelctl(['approve', 'tiny'], { place });
    expect(approved.code).toBe(5);
    expect(await runModelctl(['get'], { place })).toMatchObject({ code: 0 });
    child.kill('SIGINT');
    await ended;
  });
});

describe('a reader that goes away', () => {
  test('is no error', async () => {
    const place = await placeWith(createFakeOllama());
    const child = spawn(process.execPath, [program, 'help', 'apply'], {
      env: environmentOf(place),
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('a full disk behind the output', () => {
  test('is told, and is no success', () => {
    const command = `"$0" "${program}" help apply > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath], {
      encoding: 'utf8',
      env: {},
    });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'error: The output could not be written (ENOSPC).\n',
    });
  });
});

describe('waiting for standard input', () => {
  test('ends with one signal', async () => {
    const child = spawn(process.execPath, [program, 'validate', '-f', '-'], {
      env: { HOME: folder },
    });
    const ended = once(child, 'close');
    // More than a pipe holds: it is taken once somebody reads.
    child.stdin.write('# not the end\n'.repeat(100_000));
    await once(child.stdin, 'drain');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });
});

describe('an older Node', () => {
  const pretend = (version: string): string =>
    `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;
  const run = (version: string) =>
    spawnSync(process.execPath, ['--import', pretend(version), program, 'get'], {
      encoding: 'utf8',
      env: { MODELCTL_HOME: folder, OLLAMA_HOST: '127.0.0.1:1' },
    });

  test('is told what is needed and how to get it', () => {
    const { status, stdout, stderr } = run('20.20.2');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('needs Node 24 or newer');
    expect(stderr).toContain('npm ci');
    expect(run('24.0.0').status).toBe(0);
  });

  test('can read the entry before it is told: nothing is imported beforehand', async () => {
    const text = await readFile(program, 'utf8');
    expect(text).not.toMatch(/^\s*import\b(?!\()/m);
    expect(text).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('a bug of ours', () => {
  test('ends in 70 with a report that can be passed on', () => {
    const breakJson =
      'data:text/javascript,JSON.stringify=()=>{throw new RangeError("Bearer abcdefghijklmnop")}';
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', breakJson, program, 'version', '-o', 'json'],
      { encoding: 'utf8', env: {} },
    );
    expect(status).toBe(70);
    expect(stderr).toContain('RangeError: Bearer ***');
    expect(stderr).toMatch(/modelctl \d+\.\d+\.\d+ version, Node v/);
    expect(stderr).not.toContain(process.cwd());
  });
});

describe('called through npx', () => {
  test('commands to copy begin with npx', async () => {
    const place = await placeWith(createFakeOllama());
    const environment = { npm_command: 'exec' };
    const { stderr } = await runModelctl(['apply'], { place, environment });
    expect(stderr).toContain('    npx modelctl apply -f models.yaml');
  });
});

describe('a watch', () => {
  async function startWatch(place: Place, ready: string) {
    const child = spawn(process.execPath, [program, 'watch', '-f', 'models.yaml'], {
      cwd: place.folder,
      env: environmentOf(place),
    });
    let said = '';
    const isReady = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString('utf8');
          if (said.includes(ready)) resolve();
        });
      }
    });
    const ended = once(child, 'close') as Promise<[number | null, string | null]>;
    await isReady;
    return { child, ended };
  }

  test.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('ends with %s in the middle of a pull, and goes on there', async (signal, code) => {
    const place = await slowPull(400);
    const { child, ended } = await startWatch(place, '10% of');
    const sentAt = performance.now();
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
    expect(performance.now() - sentAt).toBeLessThan(10_000);
  });

  test('ends at once with the second signal', async () => {
    const { child, ended } = await startWatch(await slowPull(400), '10% of');
    // Two of one kind that nobody has taken yet are one to the system.
    child.kill('SIGTERM');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });

  test('leaves the lock of this machine to others while it has nothing to do', async () => {
    const place = await slowPull(1);
    const { child, ended } = await startWatch(place, 'pulled ');
    const again = await runModelctl(['apply', '-f', 'models.yaml', '--lock-timeout', '5s'], {
      place,
    });
    expect(again).toMatchObject({ code: 0 });
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  test('has the lock while it pulls, and apply beside it says who has it', async () => {
    const place = await slowPull(400);
    const { child, ended } = await startWatch(place, '10% of');
    const options = ['--lock-timeout', '300ms'];
    const refused = await runModelctl(['apply', '-f', 'models.yaml', ...options], { place });
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('modelctl watch -f models.yaml');
    child.kill('SIGTERM');
    await ended;
  });
});
