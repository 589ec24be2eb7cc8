// What a pull through the engine's own store guarantees, and how it ends when that store does not
// behave.
import { describe, expect, test } from 'vitest';
import { blobPath } from '../../../src/backends/ollama/store.ts';
import { createFakeDrafts } from '../../fakes/drafts.ts';
import { createLife } from '../../sim/life.ts';
import { act, asked, onDisk, pullOf, tiny } from './acts.ts';
import { storeFolder, type WayWorld, wayWorld } from './worlds.ts';

const manifest = `${storeFolder}/manifests/registry.ollama.ai/library/tiny/v1`;

const blobs = ({ io }: WayWorld): readonly string[] =>
  io.files
    .paths()
    .filter((path) => path.startsWith(`${storeFolder}/blobs/`))
    .map((path) => path.slice(`${storeFolder}/blobs/`.length));

const wanted = ({ first }: WayWorld): readonly string[] =>
  first.artifact.files.map(({ digest }) => digest.replace(':', '-')).toSorted();

const isAsLocked = (world: WayWorld): void => {
  expect(onDisk(world)).toEqual({ 'tiny/v1': world.first.artifact.revision });
  expect(world.io.files.text(manifest)).toBe(world.first.artifact.manifest);
  expect(blobs(world)).toEqual(wanted(world));
};

describe('a pull through files', () => {
  test('leaves the locked files and the locked manifest, readable and owned like the store', async () => {
    const world = wayWorld('files');
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'pulled',
      digest: world.first.artifact.revision,
    });
    isAsLocked(world);
    const { files } = world.io;
    const weights = blobPath(storeFolder, world.first.artifact.weights);
    expect([files.modeOf(manifest), files.modeOf(weights)]).toEqual([0o644, 0o644]);
    expect(files.likeOf(`${storeFolder}/manifests/registry.ollama.ai/library/tiny`)).toBe(
      `${storeFolder}/manifests`,
    );
    expect(asked(world)).not.toContain('POST /api/pull');
  });

  test('brings the locked bytes although the tag has moved and no registry answers', async () => {
    const world = wayWorld('files');
    world.fake.registry.publish('library/tiny:v1', { weights: 'moved' });
    world.fake.registry.manifestFault = { status: 500, body: 'down' };
    expect((await act(world, pullOf(world, world.first))).outcome).toBe('pulled');
    isAsLocked(world);
  });

  test('obtains nothing that the store has already', async () => {
    const world = wayWorld('files');
    await act(world, pullOf(world, world.first));
    world.fake.store.manifests.delete('registry.ollama.ai/library/tiny/v1');
    world.obtained.clear();
    const result = await act(world, pullOf(world, world.first));
    expect(result).toMatchObject({ outcome: 'pulled', downloadedBytes: 0 });
    expect([...world.obtained]).toEqual([]);
    isAsLocked(world);
  });

  test.each([
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, 10)],
    ['zeroed', (bytes: Uint8Array) => new Uint8Array(bytes.length)],
  ])('puts a blob anew that is there %s', async (_, damage) => {
    const world = wayWorld('files');
    await act(world, pullOf(world, world.first));
    const { files } = world.io;
    const path = blobPath(storeFolder, world.first.artifact.weights);
    const right = files.bytesAt(path) ?? new Uint8Array();
    world.fake.store.manifests.delete('registry.ollama.ai/library/tiny/v1');
    await world.io.clock.sleep(1000);
    files.put(path, damage(right));
    world.obtained.clear();
    expect((await act(world, pullOf(world, world.first))).outcome).toBe('pulled');
    expect([...world.obtained.keys()]).toEqual([world.first.artifact.weights]);
    expect(files.bytesAt(path)).toEqual(right);
  });

  test('links what is there for this run only, and copies it to another disk', async () => {
    for (const [mounted, kind] of [
      ['/nowhere', 'link'],
      [storeFolder, 'clone'],
    ] as const) {
      const world = wayWorld('files');
      world.io.files.mount(mounted);
      await act(world, pullOf(world, world.first));
      const made = world.io.effects.done.filter(
        (one) => one.kind === 'link' || one.kind === 'clone',
      );
      expect(new Set(made.map((one) => one.kind))).toEqual(new Set([kind]));
      isAsLocked(world);
    }
  });

  test('leaves a download of the engine alone', async () => {
    const world = wayWorld('files');
    const partial = `${blobPath(storeFolder, world.first.artifact.weights)}-partial`;
    world.io.files.put(partial, 'some of it');
    await act(world, pullOf(world, world.first));
    expect(world.io.files.text(partial)).toBe('some of it');
  });

  test('takes the spelling that the store has', async () => {
    const world = wayWorld('files');
    const folder = `${storeFolder}/manifests/registry.ollama.ai/library`;
    world.io.files.put(`${folder}/Tiny/other`, world.second.artifact.manifest ?? '');
    expect((await act(world, pullOf(world, world.first))).outcome).toBe('pulled');
    expect(world.io.files.text(`${folder}/Tiny/v1`)).toBe(world.first.artifact.manifest);
    expect(world.io.files.text(`${folder}/tiny/v1`)).toBeNull();
  });

  test('brings back a blob that the engine clears away before the manifest is there', async () => {
    const world = wayWorld('files');
    const path = blobPath(storeFolder, world.first.artifact.weights);
    let cleared = false;
    world.io.effects.watch((effect) => {
      if (cleared || effect.kind !== 'rename' || effect.subject !== manifest) return;
      cleared = true;
      world.io.files.drop(path);
    });
    expect((await act(world, pullOf(world, world.first))).outcome).toBe('pulled');
    expect(cleared).toBe(true);
    isAsLocked(world);
  });

  test('removes its manifest again when a blob cannot be brought back', async () => {
    const world = wayWorld('files');
    const { files } = world.io;
    world.io.effects.watch((effect) => {
      if (effect.subject !== manifest) return;
      files.drop(blobPath(storeFolder, world.first.artifact.weights));
      world.io.effects.failAfter(1, 'ENOSPC');
    });
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'transfer/disk-full' },
    });
    expect(onDisk(world)).toEqual({});
    expect(files.text(manifest)).toBeNull();
  });

  test('replaces what is there, and the engine drops the old blobs', async () => {
    const world = wayWorld('files');
    await act(world, pullOf(world, world.first));
    const next = world.fake.registry.publish('library/tiny:v1', { weights: 'next' }).artifact();
    const update = pullOf(world, { ...world.first, artifact: next }, world.first.artifact.revision);
    expect(await act(world, update)).toMatchObject({ outcome: 'pulled', digest: next.revision });
    expect(onDisk(world)).toEqual({ 'tiny/v1': next.revision });
    expect(blobs(world)).toEqual(
      next.files.map(({ digest }) => digest.replace(':', '-')).toSorted(),
    );
  });

  test.each(['write', 'link', 'rename'] as const)(
    'ends well when it is done again after a crash at any %s',
    async (kind) => {
      const counted = wayWorld('files');
      await act(counted, pullOf(counted, counted.first));
      const points = counted.io.effects.done.filter((effect) => effect.kind === kind).length;
      expect(points).toBeGreaterThan(0);
      for (let point = 1; point <= points; point += 1) {
        const world = wayWorld('files');
        let seen = 0;
        world.io.effects.watch((effect) => {
          if (effect.kind === kind) seen += 1;
          if (effect.kind === kind && seen === point) throw new Error('killed');
        });
        await expect(act(world, pullOf(world, world.first))).rejects.toThrow('killed');
        world.io.effects.watch(null);
        for (const digest of Object.values(onDisk(world)))
          expect(digest).toBe(world.first.artifact.revision);
        const result = await act(world, pullOf(world, world.first));
        expect(['pulled', 'unchanged']).toContain(result.outcome);
        expect(onDisk(world)).toEqual({ 'tiny/v1': world.first.artifact.revision });
        expect(blobs(world)).toEqual(expect.arrayContaining([...wanted(world)]));
      }
    },
  );
});

describe('a pull through files whose folder turns out not to be the store', () => {
  test('goes through the API and says why', async () => {
    const world = wayWorld('files', { serverStore: '/another' });
    const result = await act(world, pullOf(world, world.first));
    expect(result).toMatchObject({
      outcome: 'pulled',
      problem: { severity: 'warning', code: 'backend/weaker-way' },
    });
    expect(result.problem?.detail).toContain('through the API');
    expect(onDisk(world)).toEqual({ 'tiny/v1': world.first.artifact.revision });
    expect(blobs(world)).toEqual([]);
  });

  test('finds out as well when the server has some of the files already', async () => {
    const world = wayWorld('files', { serverStore: '/another' });
    const [weights, ...others] = world.first.artifact.files;
    for (const { digest } of others) {
      const bytes = world.fake.registry.blob(digest)?.bytes ?? '';
      world.io.files.put(blobPath('/another', digest), bytes);
    }
    const result = await act(world, pullOf(world, world.first));
    expect(result).toMatchObject({ outcome: 'pulled', problem: { code: 'backend/weaker-way' } });
    expect([...world.obtained.keys()]).toEqual([weights?.digest]);
    expect(world.io.files.paths().filter((path) => path.startsWith(storeFolder))).toEqual([]);
  });

  test('does so as well when a write is refused', async () => {
    const world = wayWorld('files');
    world.io.effects.failAfter(1, 'EROFS');
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'pulled',
      problem: { code: 'backend/weaker-way' },
    });
  });

  test('is not even begun where there is no room for the copies that takes', async () => {
    const world = wayWorld('files');
    world.io.files.setAccess(storeFolder, 'read');
    world.io.files.setSpace({ freeBytes: 1000, totalBytes: 1e12 });
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/disk-full' },
    });
    expect(asked(world)).not.toContain('POST /api/pull');
  });
});

test('nothing but what is noted is left under other names by a run that is killed', async () => {
  const left: string[] = [];
  for (let effect = 0, isOver = false; !isOver; effect += 1) {
    const world = wayWorld('files');
    const drafts = createFakeDrafts();
    const before = world.io.files.paths();
    const kill = { effect, when: 'after' } as const;
    const life = createLife({ io: { ...world.io, drafts }, kill, onDeath: () => undefined });
    const ended = act(world, pullOf(world, world.first), { io: life.io });
    isOver = (await Promise.race([ended, life.death])) !== 'killed';
    const right = [manifest, ...wanted(world).map((name) => `${storeFolder}/blobs/${name}`)];
    const others = world.io.files
      .paths()
      .filter((path) => path.startsWith(storeFolder) && world.io.files.text(path) !== null)
      .filter((path) => !before.includes(path) && !right.includes(path));
    expect(drafts.all()).toEqual(expect.arrayContaining(others));
    left.push(...others);
  }
  expect(left).not.toEqual([]);
});

test('a damaged lock entry never becomes a manifest', async () => {
  const world = wayWorld('files');
  const artifact = { ...world.first.artifact, manifest: '{"schemaVersion":2}' };
  const result = await act(world, pullOf(world, { ...world.first, artifact }));
  expect(result).toMatchObject({
    outcome: 'pulled',
    digest: world.first.artifact.revision,
    problem: { code: 'backend/weaker-way' },
  });
  expect(asked(world)).toContain('POST /api/pull');
});

test('files are never put while another content than planned is there', async () => {
  const world = wayWorld('files');
  world.fake.registry.publish('library/tiny:v1', { weights: 'theirs' });
  await world.fake.foreign.pull(tiny);
  expect(await act(world, pullOf(world, world.first))).toMatchObject({
    outcome: 'failed',
    problem: { code: 'backend/changed-meanwhile' },
  });
  expect(world.obtained.get(world.first.artifact.weights)).toBeUndefined();
});
