import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobName } from '../../../../src/artifacts/stores/huggingface/layout.ts';
import { planRemoval } from '../../../../src/artifacts/stores/huggingface/plan-removal.ts';
import { createFakeIo, type FakeIo } from '../../../fakes/io.ts';
import { createWorld, problemFrom } from '../../world.ts';
import {
  cacheOn,
  cachePath,
  commit,
  files,
  folder,
  lfs,
  other,
  repository,
  requestOn,
  signal,
  small,
} from './caches.ts';

const [weights, , config] = files;
const request = { repository, commit, files, signal };
const blob = (at: number): string => `${folder}/blobs/${blobName(files[at]!)}`;
const lockOf = (at: number): string =>
  `${cachePath}/.locks/models--acme--tiny-gguf/${blobName(files[at]!)}.lock`;
const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);

/** With the staged copies gone, so that the blobs are the only names of their bytes. */
async function filled(commits: readonly string[] = [commit]): Promise<FakeIo> {
  const io = createFakeIo();
  for (const one of commits) {
    const ref = { name: one === commit ? 'main' : 'dev', moves: true };
    await cacheOn(io).put(await requestOn(io, { commit: one, ref }));
  }
  for (const path of io.files.paths()) if (path.startsWith('/staging')) await io.files.remove(path);
  return io;
}

const inRepository = (io: FakeIo): readonly string[] =>
  io.files.paths().filter((path) => path.startsWith(folder));

describe('removing what was put', () => {
  test('leaves nothing of a repository that has nothing else', async () => {
    const { io, folder: root } = createWorld();
    const cache = cacheOn(io, join(root, 'hub'));
    const copied = async ({ path }: { readonly path: string }) => ({
      path: join(root, 'staging', path),
      shareable: false,
    });
    await cache.put(await requestOn(io, { obtain: copied }, join(root, 'staging')));
    expect(await cache.remove(request)).toEqual({ freedBytes: totalBytes, kept: [] });
    const left = (await io.files.list(cache.path)).map(({ name }) => name);
    expect(left).toEqual(['.locks', 'CACHEDIR.TAG']);
    expect(await cache.remove(request)).toEqual({ freedBytes: 0, kept: [] });
  });

  test('keeps the bytes that another snapshot needs', async () => {
    const io = await filled([commit, other]);
    const { freedBytes, kept } = await cacheOn(io).remove(request);
    expect(freedBytes).toBe(0);
    expect(kept).toEqual(files.map((file) => ({ file, because: 'other-snapshot' })));
    expect(io.files.text(`${folder}/refs/main`)).toBeNull();
    expect(io.files.text(`${folder}/refs/dev`)).toBe(other);
    expect(io.files.text(`${folder}/snapshots/${other}/tiny-Q8_0.gguf`)).toBe('the weights');
    expect(await io.files.stat(`${folder}/snapshots/${commit}`)).toBeNull();
  });

  test('keeps a snapshot, and its ref, with files that others fetched', async () => {
    const io = await filled();
    const readme = small('README.md', 'read me');
    io.files.put(`${folder}/blobs/${blobName(readme)}`, 'read me');
    io.files.putLink(`../../blobs/${blobName(readme)}`, `${folder}/snapshots/${commit}/README.md`);
    io.files.put(`${folder}/trees/${commit}.json`, '{}');
    await cacheOn(io).remove(request);
    expect(inRepository(io)).toEqual([
      `${folder}/blobs/${blobName(readme)}`,
      `${folder}/refs/main`,
      `${folder}/snapshots/${commit}/README.md`,
      `${folder}/trees/${commit}.json`,
    ]);
  });

  test('keeps the folders of a repository in which others left anything', async () => {
    const io = await filled();
    io.files.put(`${folder}/trees/${commit}.json`, '{}');
    await cacheOn(io).remove(request);
    expect(inRepository(io)).toEqual([`${folder}/trees/${commit}.json`]);
    expect(await io.files.stat(`${folder}/snapshots`)).toMatchObject({ kind: 'folder' });
    expect(io.files.text(`${folder}/refs/main`)).toBeNull();
  });

  test('keeps what stands under a name now and is something else', async () => {
    const io = await filled();
    const name = `${folder}/snapshots/${commit}/tiny-Q8_0.gguf`;
    io.files.put(`${folder}/blobs/new`, 'newer one');
    await io.files.remove(name);
    io.files.putLink('../../blobs/new', name);
    const { kept } = await cacheOn(io).remove(request);
    expect(kept).toEqual([{ file: weights, because: 'other-content' }]);
    expect(io.files.text(name)).toBe('newer one');
  });

  test('keeps a file of the right size that somebody edited', async () => {
    const io = createFakeIo({ variables: { HF_HUB_DISABLE_SYMLINKS: '1' } });
    await cacheOn(io).put(await requestOn(io));
    io.files.put(`${folder}/snapshots/${commit}/config.json`, '{"a":2}\n');
    const { kept } = await cacheOn(io).remove(request);
    expect(kept).toEqual([{ file: config, because: 'other-content' }]);
    expect(inRepository(io)).toEqual([
      `${folder}/refs/main`,
      `${folder}/snapshots/${commit}/config.json`,
    ]);
  });

  test('keeps a blob while another program has its lock', async () => {
    const io = await filled();
    io.processes.locks.held.add(lockOf(0));
    const { kept, freedBytes } = await cacheOn(io).remove(request);
    expect(kept).toEqual([{ file: weights, because: 'in-use' }]);
    expect(freedBytes).toBe(totalBytes - weights!.bytes);
    expect(io.files.text(blob(0))).toBe('the weights');
    io.processes.locks.held.clear();
    await cacheOn(io).remove(request);
    expect(inRepository(io)).toEqual([]);
  });

  test('ends what another tool began, down to the ref that it left', async () => {
    const io = await filled();
    for (const { path } of files) await io.files.remove(`${folder}/snapshots/${commit}/${path}`);
    await io.files.removeFolder(`${folder}/snapshots/${commit}/shards/a`);
    await io.files.removeFolder(`${folder}/snapshots/${commit}/shards`);
    await io.files.removeFolder(`${folder}/snapshots/${commit}`);
    expect(await cacheOn(io).remove(request)).toEqual({ freedBytes: totalBytes, kept: [] });
    expect(inRepository(io)).toEqual([]);
    expect(await io.files.stat(folder)).toBeNull();
  });

  test('counts bytes that have another name as not freed', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    expect(await cacheOn(io).remove(request)).toEqual({ freedBytes: 0, kept: [] });
    expect(io.files.text('/staging/tiny-Q8_0.gguf')).toBe('the weights');
  });

  test('leaves partials of other tools, and sweeps those of our own that are dead', async () => {
    const io = createFakeIo({ time: 'manual' });
    await cacheOn(io).put(await requestOn(io));
    const theirs = [`${blob(0)}.1a2b3c4d.incomplete`, `${blob(0)}.downloadInProgress`];
    const living = `${folder}/.modelctl-${io.processes.pid}-abc.tmp`;
    const dead = `${folder}/.modelctl-77-abc.tmp`;
    for (const path of [...theirs, living, dead]) io.files.put(path, 'half');
    await cacheOn(io).remove(request);
    expect(inRepository(io)).toEqual([...theirs, living, dead].toSorted());
    await io.clock.advance(3_600_000);
    await cacheOn(io).remove(request);
    expect(inRepository(io)).toEqual([...theirs, living].toSorted());
  });

  test('refuses to go where a link leads out of the repository', async () => {
    const io = await filled();
    io.files.put('/elsewhere/tiny-Q8_0.gguf', 'the weights');
    io.files.putLink('/elsewhere', `${folder}/snapshots/${other}`);
    const problem = await problemFrom(cacheOn(io).remove({ ...request, commit: other }));
    expect(problem.code).toBe('store/unsafe-layout');
    expect(io.files.text('/elsewhere/tiny-Q8_0.gguf')).toBe('the weights');
  });
});

describe('a plan to remove', () => {
  test('says what would go and what the disk gets back', async () => {
    const io = await filled();
    const [scanned] = (await cacheOn(io).scan()).repositories;
    const plan = planRemoval(scanned!, { repository, commit, files });
    expect(plan).toMatchObject({ refs: ['main'], freesBytes: totalBytes, kept: [] });
    expect(plan.blobs.map(({ name }) => name).toSorted()).toEqual(files.map(blobName).toSorted());
    expect(await cacheOn(io).remove(request)).toMatchObject({ freedBytes: plan.freesBytes });
  });

  test('counts a blob once that two names lead to', async () => {
    const io = createFakeIo();
    const twice = [lfs('a.gguf', 'same'), lfs('b.gguf', 'same')];
    io.files.put('/same', 'same');
    const obtain = async () => ({ path: '/same', shareable: false });
    await cacheOn(io).put(await requestOn(io, { files: twice, obtain }));
    const [scanned] = (await cacheOn(io).scan()).repositories;
    const one = planRemoval(scanned!, { repository, commit, files: twice.slice(0, 1) });
    expect(one).toMatchObject({ blobs: [], refs: [], freesBytes: 0 });
    const both = planRemoval(scanned!, { repository, commit, files: twice });
    expect(both).toMatchObject({ freesBytes: 4, refs: ['main'] });
  });

  test('removes nothing of a repository that was not read whole', async () => {
    const io = await filled();
    const [scanned] = (await cacheOn(io).scan()).repositories;
    const plan = planRemoval({ ...scanned!, complete: false }, { repository, commit, files });
    expect(plan).toMatchObject({ entries: [], blobs: [], refs: [], freesBytes: 0 });
    expect(plan.kept).toHaveLength(files.length);
  });
});
