// What the contract does not ask of every engine: load options, adapters, failures of the disk.
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  Backend,
  ModelRequest,
  PerformContext,
  Performed,
} from '../../../src/backends/backend.ts';
import { placeOf } from '../../../src/backends/embedded/place.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { clientLoad } from '../../../src/core/desired.ts';
import { digestHex } from '../../../src/core/digest.ts';
import type { ModelAction } from '../../../src/core/plan.ts';
import { checked } from '../../../src/core/problem.ts';
import { createHome, embeddedOn, type Home, says, small } from '../../engine/home.ts';
import { sharesNothing } from '../../fakes/shared-files.ts';
import { tinyAdapter } from '../../fakes/tiny-adapter.ts';
import { actionBase, buildActions, loadAction, look, shapesOf } from '../requests.ts';

let home: Home;
let backend: Backend;
let one: Artifact;

beforeEach(async () => {
  home = await createHome();
  backend = await embeddedOn(home.io);
  one = await home.model({ says: 'rolled out version one' });
});
afterEach(async () => home.cleanUp(), 60_000);

const asked = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'starter',
  source: one.source,
  aliases: [],
  residency: 'stored',
  runtime: small,
  ...more,
});

const perform = (action: ModelAction, more: Partial<PerformContext> = {}): Promise<Performed> =>
  backend.perform(action, {
    ...home,
    ...sharesNothing(),
    onBytes: () => undefined,
    obtain: async (_, { digest }) => ({
      path: home.pathOf(digest),
      downloadedBytes: 0,
      isUnchanging: false,
    }),
    revisionUpstream: async ({ revision }) => checked(revision),
    ...more,
  });

/** As the planner has it: each build brings what a client's own request is to load with. */
async function bring(request: ModelRequest): Promise<readonly Performed[]> {
  const there = await look({ backend, io: home.io }, request, one);
  const shapes = shapesOf(backend, request);
  const results: Performed[] = [];
  for (const action of buildActions(backend, request, one, there)) {
    const shape = shapes.find(({ name }) => name === action.name);
    results.push(await perform({ ...action, ...(shape && { load: clientLoad(shape) }) }));
  }
  return results;
}

const observed = async (name: string, request = asked()) =>
  (await look({ backend, io: home.io }, request, one)).placements.get(name);

const storePath = async (): Promise<string> => (await placeOf(home.io, null)).store;

describe('load options', () => {
  test('of a stored model hold when a client loads it', async () => {
    await bring(asked({ runtime: { threads: 1, contextLength: 1024, keepAliveMs: 60_000 } }));
    expect(await observed('starter')).toMatchObject({
      configured: { threads: 1, contextLength: 1024, keepAliveMs: 60_000 },
      loaded: null,
    });
    const engine = await backend.inference(home);
    expect(await says(engine, 'starter')).toBe('rolled out version one');
    const loaded = (await observed('starter'))?.loaded;
    expect(loaded).toMatchObject({
      load: { threads: 1, contextLength: 1024 },
      inUse: false,
      vramBytes: 0,
    });
    expect(loaded?.expiresAt).toBeLessThan(Date.now() + 61_000);
  });

  test('are told as they were asked for, not as llama.cpp rounds them', async () => {
    const request = asked({
      residency: 'loaded',
      runtime: { threads: 1, contextLength: 700, gpuLayers: 'all' },
    });
    await bring(request);
    await perform(loadAction(backend, request));
    expect((await observed('starter', request))?.loaded?.load).toMatchObject({
      contextLength: 700,
      gpuLayers: 'all',
      threads: 1,
      parallel: 1,
    });
  });

  test('beyond what was trained are told as trained', async () => {
    const request = asked({
      residency: 'loaded',
      runtime: { threads: 1, contextLength: 1_000_000 },
    });
    await bring(request);
    await perform(loadAction(backend, request));
    expect((await observed('starter', request))?.loaded?.load.contextLength).toBe(2048);
  });

  test('that change are written without bringing bytes again', async () => {
    await bring(asked());
    const [action] = buildActions(backend, asked(), one, { placements: new Map() });
    const { digest } = (await observed('starter')) ?? {};
    const obtain: PerformContext['obtain'] = () => Promise.reject(new Error('brought again'));
    const changed = { ...action, load: { threads: 2 }, replaces: digest } as ModelAction;
    expect(await perform(changed, { obtain })).toMatchObject({ outcome: 'pulled', digest });
    expect((await observed('starter'))?.configured).toEqual({ threads: 2 });
  });
});

describe('names over the same weights', () => {
  test('are in memory together, and only the one that was loaded is to stay', async () => {
    const request = asked({
      residency: 'loaded',
      derive: { system: 'Be brief.' },
      aliases: ['gpt'],
    });
    await bring(request);
    await perform(loadAction(backend, request));
    const { placements } = await look({ backend, io: home.io }, request, one);
    expect(placements.get('starter')?.loaded?.expiresAt).toBe('never');
    expect(placements.get('modelctl-base/starter')?.loaded?.expiresAt).toEqual(expect.any(Number));
    expect(placements.get('gpt')?.loaded?.expiresAt).toEqual(expect.any(Number));
  });

  test('share their bytes on disk until the last one goes', async () => {
    const request = asked({ derive: { system: 'Be brief.' } });
    await bring(request);
    const blob = join(await storePath(), 'blobs', 'sha256', digestHex(one.weights));
    for (const name of ['starter', 'modelctl-base/starter']) {
      expect((await stat(blob)).size).toBe(one.files[0]?.bytes);
      const replaces = (await observed(name, request))?.digest ?? one.weights;
      await perform({ ...actionBase(backend, 'evict', name), kind: 'evict', replaces });
    }
    await expect(stat(blob)).rejects.toThrow('ENOENT');
  });
});

describe('an adapter', () => {
  test('changes what the model says, and is stored with the name', async () => {
    const adapter = await home.file(tinyAdapter());
    const adapters = [
      { path: adapter.source, digest: adapter.weights, bytes: adapter.files[0]?.bytes ?? 0 },
    ];
    const request = asked({ derive: { adapters } });
    const results = await bring(request);
    expect(results.map(({ outcome }) => outcome)).toEqual(['pulled', 'created']);
    const engine = await backend.inference(home);
    expect(await says(engine, 'modelctl-base/starter')).toBe('rolled out version one');
    expect(await says(engine, 'starter')).not.toBe('rolled out version one');
    expect((await home.status()).models).toHaveLength(2);
  });
});

describe('a disk', () => {
  test('that is full is told as such, and the next run goes on', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    const files = { ...home.io.files, clone: () => Promise.reject(full) };
    const [action] = buildActions(backend, asked(), one, { placements: new Map() });
    const result = action && (await perform(action, { io: { ...home.io, files } }));
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/disk-full', retry: 'later' },
    });
    expect(await observed('starter')).toBeUndefined();
    expect((await bring(asked()))[0]).toMatchObject({ outcome: 'pulled' });
  });

  test('that may not be written is told as such', async () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const files = { ...home.io.files, writeAtomic: () => Promise.reject(denied) };
    const [action] = buildActions(backend, asked(), one, { placements: new Map() });
    const result = action && (await perform(action, { io: { ...home.io, files } }));
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/store-not-writable' },
    });
  });

  test('that lost a blob makes the name absent, and bringing it again whole', async () => {
    await bring(asked());
    await rm(join(await storePath(), 'blobs', 'sha256', digestHex(one.weights)));
    expect(await observed('starter')).toBeUndefined();
    expect((await bring(asked()))[0]).toMatchObject({ outcome: 'pulled' });
    expect(await observed('starter')).toMatchObject({ name: 'starter' });
  });
});

test('a crash of the model is seen by the next look, and the next load heals it', async () => {
  const request = asked({ residency: 'loaded' });
  await bring(request);
  await perform(loadAction(backend, request));
  process.kill((await home.running('starter'))?.pid ?? 0, 'SIGKILL');
  await expect.poll(async () => (await observed('starter', request))?.loaded).toBeNull();
  expect(await perform(loadAction(backend, request))).toMatchObject({ outcome: 'loaded' });
  expect((await observed('starter', request))?.loaded?.expiresAt).toBe('never');
});

test('a replaced model leaves memory when its content is replaced', async () => {
  await bring(asked());
  const engine = await backend.inference(home);
  await says(engine, 'starter');
  const two = await home.model({ says: 'rolled out version two', seed: 2 });
  const replaces = (await observed('starter'))?.digest ?? null;
  const [action] = buildActions(backend, asked(), two, { placements: new Map() });
  await perform({ ...action, replaces } as ModelAction);
  expect((await home.status()).models).toEqual([]);
  expect(await says(engine, 'starter')).toBe('rolled out version two');
});

test('what is wanted and there already needs no download', async () => {
  await bring(asked());
  const other = await look({ backend, io: home.io }, asked({ model: 'another' }), one);
  expect([...other.presentBlobs]).toEqual([one.weights]);
  expect(other.disk).toMatchObject({ kind: 'known', freeBytes: expect.any(Number) as unknown });
});
