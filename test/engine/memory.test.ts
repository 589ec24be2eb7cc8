// What the engine has in memory, with what options, and for how long.
import { availableParallelism } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EngineAddress } from '../../src/backends/embedded/client.ts';
import type { Artifact } from '../../src/core/artifact.ts';
import type { LoadOptions } from '../../src/core/desired.ts';
import type { LoadEvent } from '../../src/engine/protocol.ts';
import { waitingMax } from '../../src/engine/resident.ts';
import { ask, createHome, type Home, says, small, until } from './home.ts';

let home: Home;
let engine: EngineAddress;
let one: Artifact;
let two: Artifact;

beforeAll(async () => {
  home = await createHome();
  one = await home.model({ says: 'rolled out version one' });
  two = await home.model({ says: 'rolled out version two', seed: 2 });
  await home.store('one', one);
  await home.store('derived', one, { recipe: { system: 'Be brief.' } });
  await home.store('short', one, { load: { ...small, keepAliveMs: 0 }, recipe: { system: 'x' } });
  await home.store('wide', two, { load: { ...small, parallel: 3 } });
  engine = await home.start();
}, 60_000);
afterAll(async () => home.cleanUp(), 60_000);
afterEach(async () => {
  for (const name of ['one', 'derived', 'short', 'wide']) await unload(name, true);
  await until(async () => (await home.status()).models.length === 0);
});

const load = async (name: string, options: LoadOptions = small): Promise<LoadEvent> => {
  const { text } = await ask(engine, '/api/load', { name, load: options });
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as LoadEvent;
};
const unload = (name: string, whenIdle = false) => ask(engine, '/api/unload', { name, whenIdle });

/** Answers stay in flight while the model's process stands still. */
async function standStill(name: string): Promise<() => void> {
  const pid = (await home.running(name))?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  return () => process.kill(pid, 'SIGCONT');
}

describe('a load', () => {
  test('has the model in memory, with its options and real figures', async () => {
    const event = await load('one', { ...small, contextLength: 700, keepAliveMs: 'forever' });
    expect(event.status).toBe('loaded');
    const running = await home.running('one');
    expect(running).toMatchObject({
      state: 'ready',
      files: [one.weights],
      load: { threads: 1, contextLength: 700 },
      actual: {
        contextLength: 768,
        trainedContextLength: 2048,
        threads: 1,
        parallel: 1,
        purpose: 'chat',
      },
      holds: [{ name: 'one', expiresAt: 'never' }],
      inFlight: 0,
    });
    expect(running?.memory.residentBytes).toBeGreaterThan(20_000_000);
    expect(running?.memory.llamaBytes).toBeGreaterThan(100_000);
    expect(running?.memory.vramBytes).toBe(0);
    expect(home.io.processes.isAlive(running?.pid ?? 0)).toBe(true);
  });

  test('of what is in memory already is done at once', async () => {
    await load('one');
    const { pid } = (await home.running('one')) ?? {};
    await load('one', { ...small, keepAliveMs: 'forever' });
    expect(await home.running('one')).toMatchObject({ pid, holds: [{ expiresAt: 'never' }] });
  });

  test('with other options starts the model anew', async () => {
    await load('one');
    const { pid } = (await home.running('one')) ?? {};
    await load('one', { ...small, contextLength: 1024 });
    const running = await home.running('one');
    expect(running?.actual?.contextLength).toBe(1024);
    expect(running?.pid).not.toBe(pid);
    expect(home.io.processes.isAlive(pid ?? 0)).toBe(false);
  });

  test('without a context length takes what suits, and never more than was trained', async () => {
    await load('one', { threads: 1 });
    expect((await home.running('one'))?.actual?.contextLength).toBe(2048);
    await load('one', { threads: 1, contextLength: 100_000 });
    expect((await home.running('one'))?.actual?.contextLength).toBe(2048);
  });

  test('without threads takes no more than this machine has', async () => {
    await load('one', { contextLength: 512 });
    const threads = (await home.running('one'))?.actual?.threads ?? 0;
    expect(threads).toBeGreaterThanOrEqual(1);
    expect(threads).toBeLessThanOrEqual(availableParallelism());
  });

  test('that two ask for at once happens once', async () => {
    await Promise.all([load('one'), load('one'), says(engine, 'one')]);
    expect((await home.status()).models).toHaveLength(1);
  });

  test('of a file that is no model fails and leaves nothing behind', async () => {
    await home.store('text', await home.file(Buffer.from('this is no model')));
    expect(await load('text')).toMatchObject({
      status: 'failed',
      problem: {
        code: 'engine/load-failed',
        retry: 'never',
        detail: expect.stringContaining('GGUF') as unknown,
      },
    });
    expect((await home.status()).models).toEqual([]);
  });

  test('with a cache that the model cannot have says what llama.cpp says', async () => {
    expect(await load('one', { ...small, kvCacheType: 'q8_0' })).toMatchObject({
      status: 'failed',
      problem: { code: 'engine/load-failed', detail: expect.stringContaining('q8_0') as unknown },
    });
  });
});

describe('a name over the same weights', () => {
  test('shares the process, and keeps it when the other lets go', async () => {
    await load('one', { ...small, keepAliveMs: 'forever' });
    await load('derived', { ...small, keepAliveMs: 'forever' });
    expect((await home.status()).models).toHaveLength(1);
    expect((await unload('one')).body).toEqual({ unloaded: true });
    expect(await home.running('derived')).toMatchObject({ holds: [{ name: 'derived' }] });
    expect((await unload('derived')).body).toEqual({ unloaded: true });
    expect((await home.status()).models).toEqual([]);
  });
});

describe('a name whose content changed', () => {
  test('lets go of the old content when it is asked for', async () => {
    const before = await home.store('rolling', one);
    await load('rolling', { ...small, keepAliveMs: 'forever' });
    await home.store('rolling', two, { replaces: before });
    expect(await says(engine, 'rolling')).toBe('rolled out version two');
    expect((await home.status()).models.map(({ files }) => files)).toEqual([[two.weights]]);
    await unload('rolling');
  });
});

describe('an unload', () => {
  test('gives the memory back by ending the process', async () => {
    await load('one', { ...small, keepAliveMs: 'forever' });
    const { pid } = (await home.running('one')) ?? {};
    expect(await unload('one')).toMatchObject({ status: 200, body: { unloaded: true } });
    expect(home.io.processes.isAlive(pid ?? 0)).toBe(false);
    expect((await unload('one')).body).toEqual({ unloaded: false });
  });

  test('waits for the end of what is in flight, or is refused', async () => {
    await load('one');
    const goOn = await standStill('one');
    const answer = says(engine, 'one');
    await until(async () => (await home.running('one'))?.inFlight === 1);
    expect(await unload('one')).toMatchObject({
      status: 409,
      body: { error: { code: 'backend/in-use', retry: 'later' } },
    });
    expect(await load('one', { ...small, contextLength: 1024 })).toMatchObject({
      status: 'failed',
      problem: { code: 'backend/in-use' },
    });
    expect((await unload('one', true)).status).toBe(200);
    expect((await home.status()).models).toHaveLength(1);
    goOn();
    expect(await answer).toBe('rolled out version one');
    await until(async () => (await home.status()).models.length === 0);
  });
});

describe('a request', () => {
  test('loads what is not in memory as it is configured, for the time it says', async () => {
    const before = Date.now();
    expect(await says(engine, 'one')).toBe('rolled out version one');
    const running = await home.running('one');
    expect(running?.load).toEqual(small);
    const [hold] = running?.holds ?? [];
    expect(hold?.expiresAt).toBeGreaterThanOrEqual(before + 5 * 60_000);
    expect(hold?.expiresAt).toBeLessThanOrEqual(Date.now() + 5 * 60_000);
  });

  test('of a name that is to leave at once leaves with its answer', async () => {
    expect(await says(engine, 'short')).toBe('rolled out version one');
    await until(async () => (await home.status()).models.length === 0);
  });

  test('does not shorten what a load asked for', async () => {
    await load('one', { ...small, keepAliveMs: 'forever' });
    await says(engine, 'one');
    expect((await home.running('one'))?.holds).toEqual([{ name: 'one', expiresAt: 'never' }]);
  });

  test('beside others is answered at the same time, as far as there are slots', async () => {
    await load('wide', { ...small, parallel: 3 });
    const goOn = await standStill('wide');
    const answers = [1, 2, 3, 4].map(() => says(engine, 'wide'));
    await until(async () => {
      const running = await home.running('wide');
      return running?.inFlight === 3 && running.waiting === 1;
    });
    goOn();
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['rolled out version two']));
  });
});

describe('a line of requests', () => {
  test('has an end, and goes on behind it', async () => {
    await load('one');
    const goOn = await standStill('one');
    const answers = Array.from({ length: 1 + waitingMax }, () => says(engine, 'one'));
    await until(async () => (await home.running('one'))?.waiting === waitingMax);
    const messages = [{ role: 'user', content: 'hello' }];
    expect(await ask(engine, '/v1/chat/completions', { model: 'one', messages })).toMatchObject({
      status: 503,
      body: { error: { code: 'backend/busy' } },
    });
    goOn();
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['rolled out version one']));
  });
});

describe('time', () => {
  test('unloads what has not been used for as long as it says', async () => {
    await load('one', { ...small, keepAliveMs: 50 });
    const { pid } = (await home.running('one')) ?? {};
    await until(async () => (await home.status()).models.length === 0);
    await until(() => pid === null || pid === undefined || !home.io.processes.isAlive(pid));
  });
});
