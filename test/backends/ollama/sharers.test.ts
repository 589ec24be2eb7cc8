// Names over the same weights share one runner, and a run that was cut off leaves a copy aside: what
// is done to one name must be right for the others.
import { expect, test } from 'vitest';
import { quarantineName } from '../../../src/backends/ollama/names.ts';
import type { BackendObservation } from '../../../src/core/observed.ts';
import { act, bringAll, buildsOf, evictOf, loadOf, onDisk, pullOf, tiny } from './acts.ts';
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
