// Faults that users met in tools of this kind, and that must not be met here.
import { expect, test } from 'vitest';
import { look, request } from '../requests.ts';
import { act, bringAll, buildsOf, evictOf, onDisk, pullOf, tiny } from './acts.ts';
import { memoryWorld } from './worlds.ts';

test('names are compared whole: declaring one keeps or removes no other that contains it', async () => {
  const world = memoryWorld();
  const others = [
    'library/tiny:v10',
    'library/my-tiny:v1',
    'library/tiny-v1:latest',
    'acme/tiny:v1',
  ];
  for (const tag of others) {
    world.fake.registry.publish(tag, { weights: tag });
    await world.fake.foreign.pull(tag);
  }
  await act(world, pullOf(world, world.first));
  await act(world, evictOf(world, tiny, world.first.artifact.revision));
  expect(world.fake.foreign.names()).toHaveLength(others.length);
});

test('a created name without a tag is found again as latest', async () => {
  const world = memoryWorld();
  const asked = { servedName: 'contract-a', derive: { system: 'x' } };
  await bringAll(world, asked);
  const { placements } = await look(
    world,
    request(world, world.first, asked),
    world.first.artifact,
  );
  expect(placements.has('contract-a:latest')).toBe(true);
  const again = buildsOf(world, asked).at(-1);
  expect(again && (await act(world, again))).toMatchObject({ outcome: 'unchanged' });
});

test('an engine without any model is a state like any other', async () => {
  const world = memoryWorld();
  const { placements } = await look(world, request(world, world.first), world.first.artifact);
  expect(placements.size).toBe(0);
  expect(await act(world, evictOf(world, tiny, world.first.artifact.revision))).toMatchObject({
    outcome: 'unchanged',
  });
});

test('a moved tag is noticed although the name is there', async () => {
  const world = memoryWorld();
  await act(world, pullOf(world, world.first));
  const next = world.fake.registry.publish('library/tiny:v1', { weights: 'next' }).artifact();
  const update = {
    ...pullOf(world, { ...world.first, artifact: next }),
    replaces: world.first.artifact.revision,
  };
  expect(await act(world, update)).toMatchObject({ outcome: 'pulled', digest: next.revision });
});

test('weights that another name still uses survive an eviction', async () => {
  const world = memoryWorld();
  await bringAll(world, { derive: { system: 'x' } });
  await act(world, evictOf(world, tiny, world.first.artifact.revision));
  expect(Object.keys(onDisk(world))).toEqual(['contract-model/latest']);
  expect(world.fake.store.blobs.has(world.first.artifact.weights)).toBe(true);
});

test('settings are kept by the name, so that nobody loses them with an unload', async () => {
  const world = memoryWorld();
  await bringAll(world, { runtime: { contextLength: 1024, threads: 2 } });
  world.fake.restart();
  const asked = request(world, world.first, { runtime: { contextLength: 1024, threads: 2 } });
  const { placements } = await look(world, asked, world.first.artifact);
  expect(placements.get('contract-model:latest')?.details?.recipe.parameters).toMatchObject({
    num_ctx: 1024,
    num_thread: 2,
  });
});
