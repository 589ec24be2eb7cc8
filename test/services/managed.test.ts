// An engine that modelctl keeps running, with real processes: started, found again, set up anew, killed
// in every part, and stopped with all that it started.

import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { managedReports, startEngines, stopEngines } from '../../src/services/managed/report.ts';
import { createTinyWorld, plannedBy, saidBy, type TinyWorld, until } from './tiny-world.ts';

const worlds: TinyWorld[] = [];
const newWorld = async (): Promise<TinyWorld> => {
  const world = await createTinyWorld();
  worlds.push(world);
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.cleanUp();
}, 60_000);

const context = ({ io }: TinyWorld) => ({ io, signal: new AbortController().signal });
const isAlive = (pid: unknown, { io }: TinyWorld): boolean => io.processes.isAlive(Number(pid));

describe('an engine that modelctl runs', { timeout: 60_000 }, () => {
  test('is set up and started once, and then there is nothing to do', async () => {
    const world = await newWorld();
    await world.declare('{ numParallel: 3, environment: { TINY: "a \\"b\\" %c" } }');
    const first = await world.run('apply');
    expect(saidBy(first)).toEqual(['configure: configured', 'restart: restarted']);
    expect(first.exitCode).toBe(0);
    const { host } = new URL(world.endpoint);
    const told = { OLLAMA_HOST: host, OLLAMA_NUM_PARALLEL: '3', TINY: 'a "b" %c' };
    expect(await world.ask('/environment')).toMatchObject(told);
    const second = await world.run('apply');
    expect(second.changes).toBeNull();
    expect(plannedBy(second)).toEqual([]);
  });

  test('has nothing of what a shell happens to have set for it', async () => {
    const world = await newWorld();
    process.env['OLLAMA_NUM_PARALLEL'] = '9';
    await world.declare('');
    await world.run('apply').finally(() => delete process.env['OLLAMA_NUM_PARALLEL']);
    expect(await world.ask('/environment')).not.toHaveProperty('OLLAMA_NUM_PARALLEL');
  });

  test('runs anew with settings that were edited, and with none that were taken out', async () => {
    const world = await newWorld();
    await world.declare('{ numParallel: 3, maxLoadedModels: 2 }');
    await world.run('apply');
    const before = await world.ask('/pid');
    await world.declare('{ numParallel: 4 }');
    const planned = await world.run('plan');
    expect(plannedBy(planned)).toEqual([
      'configure: OLLAMA_MAX_LOADED_MODELS is no longer set, and 1 more.',
      'restart: It runs with OLLAMA_MAX_LOADED_MODELS 2, which is no longer wanted.',
    ]);
    expect((await world.run('apply')).exitCode).toBe(0);
    const now = await world.ask('/environment');
    expect(now).toMatchObject({ OLLAMA_NUM_PARALLEL: '4' });
    expect(now).not.toHaveProperty('OLLAMA_MAX_LOADED_MODELS');
    expect(await world.ask('/pid')).not.toEqual(before);
    expect(plannedBy(await world.run('plan'))).toEqual([]);
  });

  test('gets its former settings back when it does not come up with others', async () => {
    const world = await newWorld();
    world.variables['TINY_SECRET'] = 'hush-hush-hush';
    await world.declare('{ numParallel: 3 }');
    await world.run('apply');
    await world.declare(
      '{ environment: { TINY_ENGINE: refuses, TINY_TOKEN: { file: /dev/null } } }',
    );
    const result = await world.run('apply');
    expect(saidBy(result)).toEqual(['configure: configured', 'restart: failed']);
    expect(result.exitCode).toBe(3);
    const problem = result.changes?.entries.at(-1)?.problem;
    expect(problem?.code).toBe('service/not-healthy');
    expect(problem?.detail).toContain('It runs with its former settings again.');
    expect(await world.ask('/environment')).toMatchObject({ OLLAMA_NUM_PARALLEL: '3' });
  });

  test('starts again when it is killed, and ends what it had started', async () => {
    const world = await newWorld();
    await world.declare('');
    await world.run('apply');
    const child = await world.ask('/child');
    const engine = (await world.ask('/pid'))?.['pid'];
    process.kill(Number(engine), 'SIGKILL');
    await until(async () => {
      const now = await world.ask('/pid');
      return now !== null && now['pid'] !== engine;
    });
    expect(isAlive(child?.['pid'], world)).toBe(false);
    expect(await world.state()).toMatchObject({ failures: 1, lastEnd: 'signal SIGKILL' });
    expect(plannedBy(await world.run('plan'))).toEqual([]);
  });

  test('goes on when its supervisor is killed, and is taken over as it is', async () => {
    const world = await newWorld();
    await world.declare('');
    await world.run('apply');
    const { supervisor, engine } = await world.state();
    process.kill(supervisor.pid, 'SIGKILL');
    await until(async () => !isAlive(supervisor.pid, world));
    expect(await managedReports([], context(world))).toMatchObject([{ state: 'unattended' }]);
    const planned = await world.run('plan');
    expect(planned.plan?.actions).toMatchObject([{ kind: 'restart', reason: 'missing' }]);
    expect(saidBy(await world.run('apply'))).toEqual(['restart: restarted']);
    const now = await world.state();
    expect(now.engine).toEqual(engine);
    expect(now.supervisor).not.toEqual(supervisor);
    process.kill(Number(engine?.pid), 'SIGKILL');
    await until(async () => (await world.state()).engine?.pid !== engine?.pid);
  });

  test('is never started beside something else that answers there', async () => {
    const world = await newWorld();
    await world.declare('');
    const { hostname, port } = new URL(world.endpoint);
    const foreign = createServer((_request, response) => {
      response.end(JSON.stringify({ version: '1.2.3', models: [] }));
    });
    await new Promise<void>((resolve) => foreign.listen(Number(port), hostname, resolve));
    try {
      const result = await world.run('apply');
      expect(result.plan?.held).toMatchObject([{ name: '*', because: 'conflict' }]);
      expect(result.plan?.actions).toEqual([]);
      expect(result.exitCode).toBe(6);
    } finally {
      foreign.closeAllConnections();
      await new Promise((resolve) => foreign.close(resolve));
    }
  });

  test('tells of a program that is not there, and leaves nothing that tries again', async () => {
    const world = await newWorld();
    await world.declare('', { engine: ['/nowhere/ollama'] });
    const result = await world.run('apply');
    const problem = result.changes?.entries.at(-1)?.problem;
    expect(problem?.detail).toContain('/nowhere/ollama cannot be started (ENOENT)');
    expect(await managedReports([], context(world))).toMatchObject([{ state: 'stopped' }]);
  });
});

describe('what an engine holds', { timeout: 60_000 }, () => {
  test('is seen once it runs, and the same run goes on', async () => {
    const world = await newWorld();
    const { port } = new URL(world.endpoint);
    const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
    const model = file('../../examples/quickstart/starter-v1.gguf');
    await world.declare('', {
      engine: [process.execPath, file('../fakes/ollama-server.ts'), '--port', port],
      more: [
        '---',
        'apiVersion: modelctl.dev/v1alpha1',
        'kind: Model',
        'metadata: { name: starter }',
        `spec: { source: "file://${model}", residency: loaded }`,
        '',
      ].join('\n'),
    });
    const planned = await world.run('plan');
    expect(planned.plan?.actions.map(({ kind }) => kind)).toEqual(['configure', 'restart']);
    expect(planned.plan?.held).toMatchObject([{ name: 'starter:latest', because: 'unreachable' }]);
    const result = await world.run('apply');
    expect(saidBy(result)).toEqual([
      'configure: configured',
      'restart: restarted',
      'create: created',
      'load: loaded',
    ]);
    expect(result.exitCode).toBe(0);
    expect(result.plan?.held).toEqual([]);
    expect(plannedBy(await world.run('plan'))).toEqual([]);
  });

  test('is not asked again while it ends again and again, which is said', async () => {
    const world = await newWorld();
    await world.declare('');
    await world.run('apply');
    await stopEngines([], context(world));
    const { pid } = process;
    const supervisor = { pid, start: await world.io.processes.startOf(pid) };
    const state = { supervisor, engine: null, program: 'x', arguments: [], startedAt: 1 };
    const ended = { phase: 'crash-loop', failures: 7, lastEnd: 'exit code 1' };
    await writeFile(join(world.folder, 'state.json'), JSON.stringify({ ...state, ...ended }));
    const result = await world.run('plan');
    expect(plannedBy(result)).toEqual([]);
    expect([...(result.observed?.backends.values() ?? [])]).toMatchObject([
      { kind: 'unreachable', problem: { code: 'service/crash-loop', retry: 'later' } },
    ]);
    expect(await managedReports([], context(world))).toMatchObject([{ state: 'crash-loop' }]);
    await rm(join(world.folder, 'state.json')); // it names this very process
  });
});

describe('a secret of an engine', { timeout: 60_000 }, () => {
  test('reaches the engine, and nothing else', async () => {
    const world = await newWorld();
    const secret = 'correct-horse-battery';
    process.env['MODELCTL_TEST_TOKEN'] = secret;
    try {
      await world.declare('{ environment: { TINY_TOKEN: { env: MODELCTL_TEST_TOKEN } } }');
      const result = await world.run('apply');
      expect(await world.ask('/environment')).toMatchObject({ TINY_TOKEN: secret });
      expect(JSON.stringify(result.plan)).toContain('from the variable MODELCTL_TEST_TOKEN');
      const texts = ['settings.json', 'state.json', 'engine.log', 'supervisor.log'].map((name) =>
        readFile(join(world.folder, name), 'utf8'),
      );
      const all = [JSON.stringify(result), ...(await Promise.all(texts))].join('\n');
      expect(all).not.toContain(secret);
      expect((await stat(join(world.folder, 'settings.json'))).mode & 0o777).toBe(0o600);
      process.env['MODELCTL_TEST_TOKEN'] = 'another-one-by-now';
      const changed = await world.run('plan');
      expect(changed.plan?.actions.map(({ kind }) => kind)).toEqual(['restart']);
      expect(JSON.stringify(changed.plan)).not.toContain(secret);
    } finally {
      delete process.env['MODELCTL_TEST_TOKEN'];
    }
  });
});

describe('looked after by hand', { timeout: 60_000 }, () => {
  test('it is stopped with everything it started, also when it does not want to, and started again', async () => {
    const world = await newWorld();
    await world.declare('');
    await world.run('apply');
    const child = await world.ask('/child');
    const { engine, supervisor } = await world.state();
    expect(await managedReports(['tiny'], context(world))).toMatchObject([
      { name: 'tiny', state: 'running', pid: engine?.pid, endpoint: world.endpoint },
    ]);
    await world.ask('/stubborn');
    expect(await stopEngines(['tiny'], context(world))).toBe(1);
    for (const pid of [child?.['pid'], engine?.pid, supervisor.pid]) {
      expect(isAlive(pid, world)).toBe(false);
    }
    expect(await stopEngines([], context(world))).toBe(0);
    await startEngines(['tiny'], context(world));
    await until(async () => (await world.ask('/pid')) !== null);
    await expect(stopEngines(['other'], context(world))).rejects.toThrow('other');
  });

  test('its log stays short while it writes on', async () => {
    const world = await newWorld();
    await world.declare('');
    await world.run('apply');
    const sizeOf = (name: string): Promise<number> =>
      stat(join(world.folder, name)).then(
        ({ size }) => size,
        () => 0,
      );
    const say = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) await world.ask('/say');
    };
    await say(9);
    await until(async () => (await sizeOf('engine.log.1')) > 0);
    await say(2);
    expect(await sizeOf('engine.log')).toBeLessThan(4 * 1024 * 1024);
    expect(await sizeOf('engine.log')).toBeGreaterThan(1024 * 1024);
    expect(await sizeOf('engine.log.1')).toBeGreaterThan(8 * 1024 * 1024);
  });
});
