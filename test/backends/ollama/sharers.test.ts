// Names over the same weights share one runner, and a run that was cut off leaves a copy aside: what
// is done to one name must be right for the others.
import { expect, test } from 'vitest';
import { quarantineName } from '../../../src/backends/ollama/names.ts';
import type { BackendObservation } from '../../../src/core/observed.ts';
import {
  act,
  asked,
  bringAll,
  buildsOf,
  evictOf,
  loadOf,
  onDisk,
  pullOf,
  tiny,
  unloadOf,
} from './acts.ts';
import { memoryWorld, type OllamaWorld } from './worlds.ts';

const derived = 'contract-derived';
const recipe = { servedName: derived, derive: { system: 'be brief' } };
const withContext = { servedName: derived, runtime: { contextLength: 1024 } };

async function look(
  world: OllamaWorld,
): Promise<Extract<BackendObservation, { kind: 'reachable' }>> {
  const { artifact } = world.first;
  const seen = await world.backend.observe(
    {
      detailsOf: new Set([tiny, `${derived}:latest`]),
      remembered: new Map(),
      wanted: new Map([[tiny, { artifact, digest: artifact.revision }]]),
    },
    { io: world.io, signal: new AbortController().signal },
  );
  if (seen.kind === 'unreachable') throw new Error(seen.problem.detail);
  return seen;
}

test('a name runs on what another one with the same options started', async () => {
  const world = memoryWorld();
  await bringAll(world, recipe);
  await act(world, loadOf(world, recipe));
  expect((await look(world)).placements.get(tiny)?.loaded).not.toBeNull();
});

test('a name without options of its own does not run on what another one started with its own', async () => {
  const world = memoryWorld();
  await bringAll(world, withContext);
  await act(world, loadOf(world, withContext));
  const { placements } = await look(world);
  expect(placements.get(`${derived}:latest`)?.loaded?.load).toEqual({ contextLength: 1024 });
  expect(placements.get(tiny)?.loaded).toBeNull();
});

test('a name runs on what another one started only with the threads that it asks for', async () => {
  const world = memoryWorld();
  const threads = { servedName: derived, runtime: { threads: 2 } };
  await bringAll(world, threads);
  await act(world, loadOf(world, threads));
  expect((await look(world)).placements.get(tiny)?.loaded).toBeNull();
  await act(world, loadOf(world));
  const { placements } = await look(world);
  expect(placements.get(tiny)?.loaded).not.toBeNull();
  expect(placements.get(`${derived}:latest`)?.loaded).toBeNull();
});

test('the name that started a runner can go while others run on it', async () => {
  const world = memoryWorld();
  await bringAll(world, recipe);
  await act(world, loadOf(world, recipe));
  const digest = (await look(world)).placements.get(`${derived}:latest`)?.digest;
  const evicted = await act(world, evictOf(world, `${derived}:latest`, digest ?? 'sha256:0'));
  expect(evicted).toMatchObject({ outcome: 'evicted' });
  expect(Object.keys(onDisk(world))).toEqual(['tiny/v1']);
});

test('replacing a name leaves others the runner that it started', async () => {
  const world = memoryWorld();
  await bringAll(world, recipe);
  await act(world, loadOf(world, recipe));
  const digest = (await look(world)).placements.get(`${derived}:latest`)?.digest ?? null;
  const other = { ...recipe, derive: { system: 'be long' } };
  const create = buildsOf(world, other).find(({ kind }) => kind === 'create');
  if (create?.kind !== 'create') throw new Error('a derived name is created');
  expect(await act(world, { ...create, replaces: digest })).toMatchObject({ outcome: 'created' });
  const released = world.fake.log.filter(({ body }) => body.includes('"keep_alive":0'));
  expect(released).toEqual([]);
});

test('a runner whose name is gone is started anew under the name that is loaded', async () => {
  const world = memoryWorld();
  await bringAll(world, recipe);
  await act(world, loadOf(world, recipe));
  world.fake.foreign.remove(derived);
  expect((await look(world)).placements.get(tiny)?.loaded).toBeNull();
  expect(await act(world, loadOf(world))).toMatchObject({ outcome: 'loaded' });
  expect((await look(world)).placements.get(tiny)?.loaded?.expiresAt).toBe('never');
});

test('is unloaded by the content of its name, not by what is still shown under it', async () => {
  const world = memoryWorld();
  await act(world, pullOf(world, world.first));
  await act(world, loadOf(world));
  await act(world, pullOf(world, world.second));
  // Somebody else gives the name other content, and loads that: the old runner is still shown.
  await leaveAside(world, 'tiny:v2', tiny);
  await act(world, loadOf(world));
  const startedAt = world.io.clock.now();
  expect(await act(world, unloadOf(world, tiny))).toMatchObject({ outcome: 'unloaded' });
  expect(await act(world, unloadOf(world, tiny))).toMatchObject({ outcome: 'unchanged' });
  expect(world.io.clock.now() - startedAt).toBeLessThan(10_000);
});

test('who shares weights is asked once for each content, however many names lose their runner', async () => {
  const world = memoryWorld();
  const many = Array.from({ length: 20 }, (_, index) => ({
    servedName: `aside-${index}`,
    derive: { system: `aside ${index}` },
  }));
  for (const one of many) await bringAll(world, one);
  let shows = 0;
  for (const one of many.slice(0, 10)) {
    const name = `${one.servedName}:latest`;
    await act(world, loadOf(world, one));
    const digest = (await look(world)).placements.get(name)?.digest ?? 'sha256:0';
    world.fake.log.length = 0;
    expect(await act(world, evictOf(world, name, digest))).toMatchObject({ outcome: 'evicted' });
    shows += asked(world).filter((line) => line === 'POST /api/show').length;
    world.fake.restart();
  }
  // Of twenty derived contents and their base.
  expect(shows).toBe(21);
});

test('a copy that a cut-off replacement left is told of, and goes with the last step done again', async () => {
  const world = memoryWorld();
  const { revision } = world.first.artifact;
  await act(world, pullOf(world, world.first));
  await act(world, pullOf(world, world.second));
  await leaveAside(world, 'tiny:v2', quarantineName(tiny, revision));
  expect((await look(world)).placements.get(tiny)?.cutOff).toBe(true);
  expect((await look(world)).placements.get('tiny:v2')?.cutOff).toBeUndefined();
  expect(await act(world, pullOf(world, world.first, revision))).toMatchObject({
    outcome: 'unchanged',
  });
  expect(Object.keys(onDisk(world)).toSorted()).toEqual(['tiny/v1', 'tiny/v2']);
});

test('a copy that a cut-off replacement left goes with its name', async () => {
  const world = memoryWorld();
  const { revision } = world.first.artifact;
  await act(world, pullOf(world, world.first));
  await act(world, pullOf(world, world.second));
  await leaveAside(world, 'tiny:v2', quarantineName(tiny, null));
  await act(world, evictOf(world, tiny, revision));
  expect(Object.keys(onDisk(world))).toEqual(['tiny/v2']);
});

async function leaveAside(world: OllamaWorld, from: string, place: string): Promise<void> {
  const body = JSON.stringify({ source: from, destination: place });
  const url = 'http://127.0.0.1:11434/api/copy';
  await world.io.http.request({ method: 'POST', url, body, timeoutMs: 1000 });
}
