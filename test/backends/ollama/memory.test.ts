import { describe, expect, test } from 'vitest';
import { tinyGguf } from '../../fakes/tiny-gguf.mjs';
import { act, asked, bringAll, evictOf, loadOf, pullOf, tiny, unloadOf } from './acts.ts';
import { endpoint, memoryWorld, type OllamaWorld } from './worlds.ts';

const say = async (world: OllamaWorld, path: string, body: object): Promise<void> => {
  const response = await world.io.http.request({
    method: 'POST',
    url: `${endpoint}${path}`,
    body: JSON.stringify(body),
    timeoutMs: 1_000_000,
  });
  for await (const _ of response.body);
};

const there = async (options: Parameters<typeof memoryWorld>[0] = {}): Promise<OllamaWorld> => {
  const world = memoryWorld(options);
  await act(world, pullOf(world, world.first));
  world.fake.log.length = 0;
  return world;
};

describe('a load', () => {
  test('names the model and how long, and no options that its tag does not have', async () => {
    const world = await there();
    expect(await act(world, loadOf(world))).toMatchObject({ outcome: 'loaded' });
    const sent = world.fake.log
      .filter(({ path }) => path === '/api/generate')
      .map(({ body }) => JSON.parse(body) as unknown);
    expect(sent).toEqual([{ model: tiny, keep_alive: -1, stream: false }]);
  });

  test('sends a time to stay as a number of seconds', async () => {
    const world = await there();
    await act(world, { ...loadOf(world), kind: 'load', load: { keepAliveMs: 90_500 } });
    const sent = world.fake.log.find(({ path }) => path === '/api/generate');
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({ keep_alive: 90.5 });
  });

  test('of an embedding model goes through the endpoint that can load it', async () => {
    const world = memoryWorld();
    const weights = tinyGguf({ arch: 'bert', seed: 3 });
    const artifact = world.fake.registry.publish('library/tiny:v1', { weights }).artifact();
    await act(world, pullOf(world, { ...world.first, artifact }));
    expect(await act(world, loadOf(world))).toMatchObject({ outcome: 'loaded' });
    expect(asked(world)).toContain('POST /api/embed');
    expect(await act(world, unloadOf(world, tiny))).toMatchObject({ outcome: 'unloaded' });
  });

  test('may take long, and ends when the run is interrupted', async () => {
    const slow = await there({ loadDelayMs: 20 * 60_000 });
    expect(await act(slow, loadOf(slow))).toMatchObject({ outcome: 'loaded' });
    const world = await there({ loadDelayMs: 20 * 60_000 });
    const stop = new AbortController();
    const loading = act(world, loadOf(world), { signal: stop.signal });
    await world.io.clock.sleep(60_000);
    stop.abort(new Error('^C'));
    expect(await loading).toMatchObject({
      outcome: 'unknown',
      problem: { code: 'backend/interrupted' },
    });
  });

  test.each([
    ['more than there is room for', { memoryBytes: 10 }, 'backend/out-of-memory'],
    ['an engine with a full queue', { queueMax: 0 }, 'backend/busy'],
  ] as const)('of %s fails for now', async (_, options, code) => {
    const world = await there(options);
    expect(await act(world, loadOf(world))).toMatchObject({
      outcome: 'failed',
      problem: { code, retry: 'later' },
    });
  });

  test('that the engine gave up at once is no load', async () => {
    const world = await there();
    world.fake.faults.add({
      on: 'POST /api/generate',
      fault: { kind: 'after', act: () => world.fake.restart() },
    });
    expect(await act(world, loadOf(world))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/not-loaded' },
    });
  });

  test('makes what stays for a while stay for ever', async () => {
    const world = await there();
    await say(world, '/api/generate', { model: tiny, stream: false });
    expect(await act(world, loadOf(world))).toMatchObject({ outcome: 'loaded' });
    expect(await act(world, loadOf(world))).toMatchObject({ outcome: 'unchanged' });
  });

  test('starts anew when the engine runs the weights under what the name held before', async () => {
    const world = memoryWorld();
    await bringAll(world, { derive: { system: 'one' } });
    await say(world, '/api/generate', { model: 'contract-model', stream: false, keep_alive: -1 });
    // Somebody makes it anew without modelctl: same weights, same options, another digest.
    await say(world, '/api/create', { model: 'contract-model', from: tiny, system: 'two' });
    const load = loadOf(world, { derive: { system: 'two' } });
    expect(await act(world, load)).toMatchObject({ outcome: 'loaded' });
    const shown = await act(world, load);
    expect(shown).toMatchObject({ outcome: 'unchanged' });
  });

  test('does not take weights from a client that uses them with other options', async () => {
    const world = memoryWorld();
    await bringAll(world, { derive: { parameters: { num_ctx: 512 } } });
    await say(world, '/api/generate', { model: tiny, stream: false });
    const busy = {
      kind: 'alter',
      change: (body: string) =>
        body.replace(/"expires_at":"[^"]*"/, '"expires_at":"2001-01-01T00:00:00Z"'),
    } as const;
    world.fake.faults.add({ on: 'GET /api/ps', fault: busy });
    const load = loadOf(world, { derive: { parameters: { num_ctx: 512 } } });
    expect(await act(world, load)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/in-use', retry: 'later' },
    });
    expect(await act(world, load)).toMatchObject({ outcome: 'loaded' });
  });
});

describe('an unload', () => {
  test('waits until the engine has let go', async () => {
    const world = await there({ unloadDelayMs: 5_000 });
    await act(world, loadOf(world));
    const before = world.io.clock.now();
    expect(await act(world, unloadOf(world, tiny))).toMatchObject({ outcome: 'unloaded' });
    expect(world.io.clock.now() - before).toBeGreaterThanOrEqual(5_000);
  });

  test('gives up on a model that does not stop working', async () => {
    const world = await there({ unloadDelayMs: 10 * 60_000 });
    await act(world, loadOf(world));
    expect(await act(world, unloadOf(world, tiny))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/in-use' },
    });
  });

  test('reaches weights that run under another of their names, also a removed one', async () => {
    const world = memoryWorld();
    await bringAll(world, { servedName: 'contract-a' });
    await say(world, '/api/generate', { model: tiny, stream: false, keep_alive: -1 });
    world.fake.foreign.remove(tiny);
    expect(await act(world, unloadOf(world, 'contract-a:latest'))).toMatchObject({
      outcome: 'unloaded',
    });
  });

  test('asks nothing of an engine that has not loaded it', async () => {
    const world = await there();
    expect(await act(world, unloadOf(world, tiny))).toMatchObject({ outcome: 'unchanged' });
    expect(world.fake.mutations()).toEqual([]);
  });
});

describe('an eviction', () => {
  test('waits until the name is gone, however slowly it goes', async () => {
    const world = await there();
    world.fake.faults.add({ on: 'DELETE /api/delete', fault: { kind: 'delay', ms: 60_000 } });
    expect(await act(world, evictOf(world, tiny, world.first.artifact.revision))).toMatchObject({
      outcome: 'evicted',
    });
    expect(world.fake.store.blobs.size).toBe(0);
  });

  test('that did nothing is not reported as done', async () => {
    const world = await there();
    world.fake.faults.add({ on: 'DELETE /api/delete', fault: { kind: 'ignore' } });
    expect(await act(world, evictOf(world, tiny, world.first.artifact.revision))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/still-there' },
    });
  });

  test('is done when somebody else was faster', async () => {
    const world = await there();
    const gone = { kind: 'before', act: () => world.fake.foreign.remove(tiny) } as const;
    world.fake.faults.add({ on: 'DELETE /api/delete', fault: gone });
    expect(await act(world, evictOf(world, tiny, world.first.artifact.revision))).toMatchObject({
      outcome: 'evicted',
    });
  });

  test('of one of two names of a content goes on while the other is loaded', async () => {
    const world = memoryWorld();
    await bringAll(world, { servedName: 'contract-a' });
    const { revision } = world.first.artifact;
    await say(world, '/api/generate', { model: tiny, stream: false });
    expect(await act(world, evictOf(world, tiny, revision))).toMatchObject({ outcome: 'evicted' });
    expect(await act(world, evictOf(world, 'contract-a:latest', revision))).toMatchObject({
      problem: { code: 'backend/in-use' },
    });
    expect(world.fake.store.blobs.has(world.first.artifact.weights)).toBe(true);
  });

  test('is never asked for under a name that the engine takes for another', async () => {
    const world = await there();
    await say(world, '/api/copy', { source: tiny, destination: 'tiny:local' });
    await say(world, '/api/copy', { source: tiny, destination: 'tiny:latest' });
    const result = await act(world, evictOf(world, 'tiny:local', world.first.artifact.revision));
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/unaddressable-name', retry: 'never' },
    });
    expect(world.fake.foreign.names()).toHaveLength(3);
  });
});
