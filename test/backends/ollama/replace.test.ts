import { describe, expect, test } from 'vitest';
import { createOllama } from '../../../src/backends/ollama/index.ts';
import type { PullAction } from '../../../src/core/plan.ts';
import { act, asked, onDisk, pullOf, tiny } from './acts.ts';
import { endpoint, memoryWorld, type OllamaWorld, referenceTo } from './worlds.ts';

/** A world whose tag holds the first content, and the pull that brings the next. */
async function rollOut(): Promise<{ world: OllamaWorld; update: PullAction; next: string }> {
  const world = memoryWorld();
  await act(world, pullOf(world, world.first));
  const published = world.fake.registry.publish('library/tiny:v1', { weights: 'next' });
  const update = pullOf(
    world,
    { ...world.first, artifact: published.artifact() },
    world.first.artifact.revision,
  );
  world.fake.log.length = 0;
  return { world, update, next: published.revision };
}

describe('content that is replaced', () => {
  test('is kept aside meanwhile and dropped afterwards, blobs and all', async () => {
    const { world, update, next } = await rollOut();
    expect(await act(world, update)).toMatchObject({ outcome: 'pulled', digest: next });
    expect(asked(world)).toEqual([
      'GET /api/tags',
      'POST /api/copy',
      'POST /api/pull',
      'GET /api/tags',
      'GET /api/ps',
      'DELETE /api/delete',
    ]);
    expect(onDisk(world)).toEqual({ 'tiny/v1': next });
    expect(world.fake.store.blobs.has(world.first.artifact.weights)).toBe(false);
  });

  test('is there again when the replacement fails', async () => {
    for (const fault of [
      { kind: 'error-line', afterLines: 1, text: 'max retries exceeded' },
      { kind: 'cut', afterLines: 2 },
      { kind: 'refuse' },
    ] as const) {
      const { world, update } = await rollOut();
      world.fake.faults.add({ on: 'POST /api/pull', fault });
      expect((await act(world, update)).outcome).toBe('failed');
      expect(onDisk(world)).toEqual({ 'tiny/v1': world.first.artifact.revision });
    }
  });

  test('is put back when the engine lost the name on the way', async () => {
    const { world, update } = await rollOut();
    world.fake.faults.add({
      on: 'POST /api/pull',
      fault: { kind: 'before', act: () => world.fake.foreign.remove(tiny) },
    });
    world.fake.registry.manifestFault = { status: 500, body: 'down' };
    expect((await act(world, update)).outcome).toBe('failed');
    expect(onDisk(world)).toEqual({ 'tiny/v1': world.first.artifact.revision });
  });

  test('stays aside when nobody can tell how it ended, and is found by the next run', async () => {
    const { world, update, next } = await rollOut();
    world.fake.faults.add({ on: 'POST /api/pull', fault: { kind: 'cut', afterLines: 1 } });
    world.fake.faults.add({ on: 'GET /api/tags', skip: 1, fault: { kind: 'refuse' } });
    expect(await act(world, update)).toMatchObject({
      outcome: 'unknown',
      problem: { retry: 'later' },
    });
    expect(Object.keys(onDisk(world))).toHaveLength(2);
    expect(await act(world, update)).toMatchObject({ outcome: 'pulled' });
    expect(onDisk(world)).toEqual({ 'tiny/v1': next });
  });

  test('is left alone when somebody else replaced it before we looked', async () => {
    const { world, update } = await rollOut();
    const theirs = world.fake.registry.publish('library/tiny:v1', { weights: 'theirs' });
    await world.fake.foreign.pull(tiny);
    expect(await act(world, update)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/changed-meanwhile', retry: 'later' },
    });
    expect(onDisk(world)).toEqual({ 'tiny/v1': theirs.revision });
  });

  test('is theirs when somebody else wrote the name while our pull failed', async () => {
    const world = memoryWorld();
    const theirs = world.fake.registry.publish('library/other:v1', { weights: 'theirs' });
    world.fake.faults.add({
      on: 'POST /api/pull',
      fault: {
        kind: 'before',
        act: async () => {
          world.fake.store.write(
            { host: 'registry.ollama.ai', namespace: 'library', model: 'tiny', tag: 'v1' },
            theirs.raw,
          );
          world.fake.registry.manifestFault = { status: 500, body: 'down' };
        },
      },
    });
    expect((await act(world, pullOf(world, world.first))).outcome).toBe('failed');
    expect(onDisk(world)).toEqual({ 'tiny/v1': theirs.revision });
  });

  test('does not stay in memory where nobody could unload it any more', async () => {
    const { world, update } = await rollOut();
    const load = { model: tiny, keep_alive: -1, stream: false };
    await world.io.http.request({
      method: 'POST',
      url: `${endpoint}/api/generate`,
      body: JSON.stringify(load),
      timeoutMs: 1_000,
    });
    await act(world, update);
    const running = world.fake.log.filter(({ path }) => path === '/api/ps');
    expect(running.length).toBeGreaterThan(0);
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    const signal = new AbortController().signal;
    const seen = await world.backend.observe(question, { io: world.io, signal });
    expect(seen).toMatchObject({ kind: 'reachable' });
    expect(
      seen.kind === 'reachable' && [...seen.placements.values()].map(({ loaded }) => loaded),
    ).toEqual([null]);
  });
});

describe('a copy that a crash left', () => {
  /** Stops the run at the n-th request that writes, as kill -9 would, and leaves all as it is. */
  async function crashedAt(
    count: number,
    moved: boolean,
  ): Promise<{ world: OllamaWorld; update: PullAction; next: string }> {
    const rolled = await rollOut();
    const { world, update } = rolled;
    if (moved) world.fake.registry.publish('library/tiny:v1', { weights: 'moved again' });
    const gone = new AbortController();
    const http = {
      request: async (request: Parameters<typeof world.io.http.request>[0]) => {
        if (gone.signal.aborted) return new Promise<never>(() => undefined);
        const response = await world.io.http.request(request);
        if (world.fake.mutations().length >= count) {
          for await (const _ of response.body);
          gone.abort();
          return new Promise<never>(() => undefined);
        }
        return response;
      },
    };
    const crashed = new Promise((resolve) => gone.signal.addEventListener('abort', resolve));
    void act({ ...world, io: { ...world.io, http } }, update);
    await crashed;
    return { ...rolled, world: { ...world, backend: createOllama(referenceTo(endpoint)) } };
  }

  test('is dropped by the next work on the engine once its name holds what it waited for', async () => {
    const { world, next } = await crashedAt(2, false);
    expect(Object.keys(onDisk(world))).toHaveLength(2);
    expect(await act(world, pullOf(world, world.second))).toMatchObject({ outcome: 'pulled' });
    expect(onDisk(world)).toEqual({ 'tiny/v1': next, 'tiny/v2': world.second.artifact.revision });
  });

  test('is dropped when its name still holds the same', async () => {
    const { world, update, next } = await crashedAt(1, false);
    expect(Object.keys(onDisk(world))).toHaveLength(2);
    expect(await act(world, update)).toMatchObject({ outcome: 'pulled' });
    expect(onDisk(world)).toEqual({ 'tiny/v1': next });
  });

  test('is put back when the run that goes on finds that the tag moved', async () => {
    const { world, update } = await crashedAt(2, true);
    const wrong = onDisk(world)['tiny/v1'] ?? '';
    expect(wrong).not.toBe(world.first.artifact.revision);
    // Others' work does not touch it: it is all that is left of the old content.
    await act(world, pullOf(world, world.second));
    expect(Object.keys(onDisk(world))).toHaveLength(3);
    const again = { ...update, replaces: wrong as typeof update.digest };
    expect(await act(world, again)).toMatchObject({ problem: { code: 'backend/upstream-moved' } });
    expect(onDisk(world)).toEqual({
      'tiny/v1': world.first.artifact.revision,
      'tiny/v2': world.second.artifact.revision,
    });
  });

  test('is never listed as a model, and never lost by looking', async () => {
    const { world } = await crashedAt(2, true);
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    const signal = new AbortController().signal;
    const seen = await world.backend.observe(question, { io: world.io, signal });
    expect(seen.kind === 'reachable' && [...seen.placements.keys()]).toEqual([tiny]);
    expect(Object.keys(onDisk(world))).toHaveLength(2);
  });
});

test('two replacements at once keep the copies of both', async () => {
  const world = memoryWorld({ stepDelayMs: 100 });
  await act(world, pullOf(world, world.first));
  await act(world, pullOf(world, world.second));
  const updates = [world.first, world.second].map((subject, index) => {
    const tag = `library/tiny:v${index + 1}`;
    const next = world.fake.registry.publish(tag, { weights: `next ${index}` });
    world.fake.registry.publish(tag, { weights: `moved ${index}` });
    return pullOf(world, { ...subject, artifact: next.artifact() }, subject.artifact.revision);
  });
  const results = await Promise.all(updates.map((update) => act(world, update)));
  expect(results.map(({ problem }) => problem?.code)).toEqual([
    'backend/upstream-moved',
    'backend/upstream-moved',
  ]);
  expect(onDisk(world)).toEqual({
    'tiny/v1': world.first.artifact.revision,
    'tiny/v2': world.second.artifact.revision,
  });
});
