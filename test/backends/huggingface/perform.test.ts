// What is ours in a cache that other tools use too: brought, replaced and taken out, beside what they
// have there.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CacheFile } from '../../../src/artifacts/stores/huggingface/layout.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { digestHex } from '../../../src/core/digest.ts';
import {
  type CacheWorld,
  c1,
  c2,
  createCacheWorld,
  evictOf,
  pullOf,
  repository,
} from './cache-world.ts';

const name = repository;
const texts = { 'model.safetensors': 'the weights', 'config.json': '{"a":1}' };
const newer = { 'model.safetensors': 'other weights', 'config.json': '{"a":1}' };

/** As another tool does it: files of a commit, and the branch. */
const bringByOthers = (
  { cache, folder }: CacheWorld,
  { commit = c1, files }: Artifact,
  paths: readonly string[] = files.map(({ path }) => path),
) =>
  cache.put({
    repository,
    commit,
    ref: { name: 'main', moves: true },
    files: files.filter(({ path }) => paths.includes(path)),
    obtain: async ({ digest }: CacheFile) => ({
      path: `${folder}/bytes/${digestHex(digest)}`,
      shareable: false,
    }),
    isOurs: () => false,
    onBytes: () => undefined,
    signal: new AbortController().signal,
  });

const placements = async (world: CacheWorld, everything = false) => {
  const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
  const seen = await world.backend.observe(
    { ...question, ...(everything ? { everything } : {}) },
    { io: world.io, signal: new AbortController().signal },
  );
  if (seen.kind === 'unreachable') throw new Error(seen.problem.detail);
  return seen.placements;
};

/** `commit path` of every file in the cache. */
const filesIn = async ({ cache }: CacheWorld): Promise<readonly string[]> =>
  (await cache.scan()).repositories.flatMap(({ revisions, warnings }) => {
    expect(warnings).toEqual([]);
    return revisions.flatMap(({ commit, files }) =>
      files.map(({ path }) => `${commit[0]} ${path}`),
    );
  });

const refOf = ({ cache }: CacheWorld) => cache.readRef(repository, 'main');

describe('a model that is brought', () => {
  test('stands where the tools of the Hub put it, and leaves nothing behind', async () => {
    const world = await createCacheWorld();
    const artifact = world.artifact(texts);
    expect(await world.perform(pullOf(world, artifact))).toMatchObject({ outcome: 'pulled' });
    const [known] = (await world.cache.scan()).repositories;
    expect(known?.revisions).toMatchObject([{ commit: c1, refs: ['main'] }]);
    // By sha256 and, of what Git itself keeps, by the name that it has there.
    expect(new Set(known?.blobs.map(({ name: blob }) => blob.length))).toEqual(new Set([64, 40]));
    const found = await world.cache.findFile({ repository, commit: c1, path: 'config.json' });
    expect(readFileSync(found?.path ?? '', 'utf8')).toBe(texts['config.json']);
    expect(await world.perform(evictOf(world, artifact.revision))).toMatchObject({
      outcome: 'evicted',
    });
    expect((await world.cache.scan()).repositories).toEqual([]);
    expect(world.sharedFiles.all()).toEqual([]);
  });

  test('replaces what the name held, of which only the rest is fetched and only the rest goes', async () => {
    const world = await createCacheWorld();
    const before = world.artifact(texts);
    await world.perform(pullOf(world, before));
    world.obtained.length = 0;
    const after = world.artifact(newer, { commit: c2 });
    const pulled = await world.perform(pullOf(world, after, before.revision));
    expect(pulled).toMatchObject({ outcome: 'pulled', digest: after.revision });
    expect(pulled.problem).toBeUndefined();
    expect(world.obtained).toEqual(['model.safetensors']);
    expect(await filesIn(world)).toEqual(['2 config.json', '2 model.safetensors']);
    expect(await refOf(world)).toBe(c2);
    expect(world.sharedFiles.all().map(({ commit }) => commit)).toEqual([c2, c2]);
  });

  test('keeps the old version whole until the new one is there', async () => {
    const world = await createCacheWorld();
    const before = world.artifact(texts);
    await world.perform(pullOf(world, before));
    const failing = pullOf(world, world.artifact(newer, { commit: c2 }), before.revision);
    const obtain = () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    expect(await world.perform(failing, { obtain })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'transfer/disk-full', retry: 'later' },
    });
    expect((await placements(world)).get(name)?.digest).toBe(before.revision);
    expect(await refOf(world)).toBe(c1);
    expect(await world.perform(failing)).toMatchObject({ outcome: 'pulled' });
    expect(await filesIn(world)).toEqual(['2 config.json', '2 model.safetensors']);
  });

  test('may share files with another name, which keeps them', async () => {
    const world = await createCacheWorld();
    const artifact = world.artifact(texts);
    const tagged = world.artifact(texts, { source: `hf://${repository}@v1` });
    await world.perform(pullOf(world, artifact));
    const second = await world.perform(pullOf(world, tagged, null, `${name}@v1`));
    expect([second.outcome, world.obtained.length]).toEqual(['pulled', 2]);
    await world.perform(evictOf(world, artifact.revision));
    expect([...(await placements(world)).keys()]).toEqual([`${name}@v1`]);
    await world.perform(evictOf(world, tagged.revision, `${name}@v1`));
    expect(await filesIn(world)).toEqual([]);
  });

  test('stays in the cache for an engine that shares it there, and is still ours', async () => {
    const world = await createCacheWorld();
    const artifact = world.artifact(texts);
    await world.perform(pullOf(world, artifact));
    const isStored = async ({ digest }: { readonly digest: string }) => digest === artifact.weights;
    await world.perform(evictOf(world, artifact.revision), { isStored });
    expect((await placements(world)).size).toBe(0);
    expect(await filesIn(world)).toEqual(['1 model.safetensors']);
    expect(world.sharedFiles.all().map(({ path }) => path)).toEqual(['model.safetensors']);
  });
});

describe('beside what other tools brought, a model', () => {
  test('that is all there is taken as it is, and goes only when somebody agreed', async () => {
    const world = await createCacheWorld();
    const artifact = world.artifact(texts);
    await bringByOthers(world, artifact);
    const taken = await world.perform(pullOf(world, artifact));
    expect(taken).toMatchObject({ outcome: 'unchanged', digest: artifact.revision });
    expect([world.obtained, world.sharedFiles.all()]).toEqual([[], []]);
    expect((await placements(world)).get(name)?.digest).toBe(artifact.revision);
    // The planner asks a person before it evicts what was found.
    await world.perform(evictOf(world, artifact.revision));
    expect(await filesIn(world)).toEqual([]);
  });

  test('is completed, and takes only that with it again', async () => {
    const world = await createCacheWorld();
    const artifact = world.artifact(texts);
    await bringByOthers(world, artifact, ['config.json']);
    expect(await world.perform(pullOf(world, artifact))).toMatchObject({ outcome: 'pulled' });
    expect(world.obtained).toEqual(['model.safetensors']);
    await world.perform(evictOf(world, artifact.revision));
    expect(await filesIn(world)).toEqual(['1 config.json']);
    expect(await refOf(world)).toBe(c1);
  });

  test('leaves a branch where they led it, and says so', async () => {
    const world = await createCacheWorld();
    await bringByOthers(world, world.artifact(texts));
    const artifact = world.artifact(newer, { commit: c2 });
    const pulled = await world.perform(pullOf(world, artifact));
    expect(pulled).toMatchObject({
      outcome: 'pulled',
      problem: { severity: 'warning', code: 'backend/ref-kept' },
    });
    expect(await refOf(world)).toBe(c1);
    await world.perform(evictOf(world, artifact.revision));
    expect(await filesIn(world)).toEqual(['1 config.json', '1 model.safetensors']);
  });

  test('does not write over what they have under its names', async () => {
    const world = await createCacheWorld();
    await bringByOthers(world, world.artifact({ ...texts, 'model.safetensors': 'their weights' }));
    const result = await world.perform(pullOf(world, world.artifact(texts)));
    expect(result).toMatchObject({ outcome: 'failed', problem: { code: 'store/occupied' } });
    const found = await world.cache.findFile({ repository, commit: c1, path: 'model.safetensors' });
    expect(readFileSync(found?.path ?? '', 'utf8')).toBe('their weights');
  });

  test('is listed once, where everything is asked for', async () => {
    const world = await createCacheWorld();
    const artifact = world.artifact(texts);
    await world.perform(pullOf(world, artifact));
    const theirs = world.artifact({ 'model.safetensors': 'theirs' }, { commit: c2 });
    await bringByOthers(world, theirs);
    expect([...(await placements(world)).keys()]).toEqual([name]);
    const all = await placements(world, true);
    // The branch leads to theirs now; what has a name of ours is called by that alone.
    expect([...all.keys()]).toEqual([name]);
    await world.perform(evictOf(world, artifact.revision));
    const [only] = (await placements(world, true)).values();
    expect(only).toMatchObject({ name, digest: theirs.revision, bytes: 6 });
    expect(only?.details?.weights).toBe(theirs.weights);
  });
});
