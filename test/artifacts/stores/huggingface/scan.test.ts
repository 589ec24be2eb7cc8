import { describe, expect, test } from 'vitest';
import { blobName } from '../../../../src/artifacts/stores/huggingface/layout.ts';
import { sha256Text } from '../../../../src/core/hash.ts';
import { scanHuggingFaceCache } from '../../../../src/index.ts';
import { createFakeIo } from '../../../fakes/io.ts';
import { problemOf, valueOf } from '../../world.ts';
import {
  cacheOn,
  cachePath,
  commit,
  files,
  folder,
  other,
  repository,
  requestOn,
} from './caches.ts';

const scanOf = async (io: ReturnType<typeof createFakeIo>) => {
  const { repositories } = await cacheOn(io).scan();
  return repositories[0]!;
};

describe('a scan of the cache', () => {
  test('of nothing is empty', async () => {
    expect(await cacheOn(createFakeIo()).scan()).toEqual({
      path: cachePath,
      repositories: [],
      complete: true,
    });
  });

  test('shows repositories, revisions with their refs, files and blobs', async () => {
    const io = createFakeIo();
    const cache = cacheOn(io);
    await cache.put(
      await requestOn(io, { commit: other, ref: { name: 'refs/pr/1', moves: true } }),
    );
    await cache.put(await requestOn(io, { files: files.slice(0, 1) }));
    io.files.put(`${cachePath}/datasets--squad/refs/main`, other);
    await io.files.makeFolder(`${cachePath}/datasets--squad/snapshots/${other}`);
    const [dataset, model] = (await cache.scan()).repositories;
    expect(dataset).toMatchObject({ type: 'datasets', id: 'squad', bytes: 0, warnings: [] });
    expect(dataset?.revisions).toEqual([{ commit: other, refs: ['main'], files: [] }]);
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(model).toMatchObject({ id: repository, bytes: total, complete: true, warnings: [] });
    expect(model?.revisions).toMatchObject([
      { commit, refs: ['main'], files: [{ path: 'tiny-Q8_0.gguf', bytes: 11 }] },
      { commit: other, refs: ['refs/pr/1'], files: [{}, {}, {}] },
    ]);
    const links = new Map(model?.blobs.map((blob) => [blob.name, blob.links]));
    expect(files.map((file) => links.get(blobName(file)))).toEqual([2, 1, 1]);
  });

  test('warns of what is not as it should be, once of each kind', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    await io.files.remove(`${folder}/blobs/${blobName(files[0]!)}`);
    io.files.put('/etc/passwd', 'secret');
    io.files.putLink('/etc/passwd', `${folder}/snapshots/${commit}/outside`);
    io.files.put(`${folder}/refs/dev`, other);
    const { warnings, revisions, complete } = await scanOf(io);
    expect(warnings.map(({ code, severity }) => [code, severity])).toEqual([
      ['store/dangling-link', 'warning'],
      ['store/foreign-link', 'warning'],
      ['store/dangling-ref', 'warning'],
    ]);
    expect(complete).toBe(true);
    expect(revisions[0]?.files.filter(({ bytes }) => bytes === null)).toEqual([
      { path: 'outside', bytes: null, blob: null },
      { path: 'tiny-Q8_0.gguf', bytes: null, blob: blobName(files[0]!) },
    ]);
  });

  test('tells what is half there, of any tool, from blobs and refs', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    const partials = [
      `${folder}/blobs/abc.1a2b3c4d.incomplete`,
      `${folder}/blobs/abc.incomplete`,
      `${folder}/blobs/def.downloadInProgress`,
      `${folder}/refs/main.1a2b3c4d.tmp`,
      `${folder}/refs/main.tmp`,
    ];
    for (const path of partials) io.files.put(path, 'half');
    const found = await scanOf(io);
    expect(found.partials.map(({ path }) => path)).toEqual(partials);
    expect(found.blobs).toHaveLength(files.length);
    expect(found.warnings).toEqual([]);
  });

  test('follows a blob into the store that repositories share, and counts it as shared', async () => {
    const io = createFakeIo();
    const hex = 'e'.repeat(64);
    io.files.put(`${cachePath}/blobs/ab/${hex}`, 'shared bytes');
    io.files.putLink(`../../blobs/ab/${hex}`, `${folder}/blobs/1234`);
    io.files.put('/etc/passwd', 'secret');
    io.files.putLink('/etc/passwd', `${folder}/blobs/5678`);
    io.files.putLink('../../blobs/1234', `${folder}/snapshots/${commit}/a.gguf`);
    const { blobs, revisions } = await scanOf(io);
    expect(blobs).toEqual([{ name: '1234', bytes: 12, links: 1, isShared: true }]);
    expect(revisions[0]?.files).toEqual([{ path: 'a.gguf', bytes: 12, blob: '1234' }]);
  });

  test('ends in a maze, and says that it did', async () => {
    const io = createFakeIo();
    io.files.put(`${folder}/snapshots/${commit}/${'a/'.repeat(40)}b`, 'deep');
    io.files.putLink('.', `${folder}/snapshots/${commit}/circle`);
    const { complete, warnings } = await scanOf(io);
    expect(complete).toBe(false);
    expect(warnings.map(({ code }) => code)).toEqual(['store/not-all-read']);
  });

  test('shows a repository that cannot be read beside those that can', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    io.files.put(`${cachePath}/models--acme--broken/snapshots/${commit}/a`, 'x');
    const list: typeof io.files.list = (path) =>
      path.includes('broken') ? Promise.reject(denied) : io.files.list(path);
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
    const scan = await cacheOn({ ...io, files: { ...io.files, list } }).scan();
    expect(scan.repositories.map(({ id, complete }) => [id, complete])).toEqual([
      ['acme/broken', false],
      [repository, true],
    ]);
  });

  test('is part of the public API, with problems as values', async () => {
    const io = createFakeIo({ variables: { HF_HUB_CACHE: cachePath } });
    await cacheOn(io).put(await requestOn(io));
    expect(valueOf(await scanHuggingFaceCache({ io })).repositories).toHaveLength(1);
    const file = `${folder}/refs/main`;
    expect(
      problemOf(await scanHuggingFaceCache({ io, folder: `${cachePath}/CACHEDIR.TAG` })),
    ).toMatchObject({ severity: 'error' });
    expect(io.files.text(file)).toBe(commit);
  });
});

describe('finding', () => {
  test('bytes by their digest, in whichever repository they are', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    io.files.put(`${cachePath}/models--acme--aaa/blobs/${blobName(files[0]!)}`, 'cut');
    const { digest, bytes } = files[0]!;
    expect(await cacheOn(io).findBlob(digest, bytes)).toBe(
      `${folder}/blobs/${blobName(files[0]!)}`,
    );
    expect(await cacheOn(io).findBlob(sha256Text('none'), 4)).toBeNull();
    expect(await cacheOn(createFakeIo()).findBlob(digest, bytes)).toBeNull();
  });

  test('a file of a commit under its own name', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    const path = 'shards/a/tiny-00001-of-00002.gguf';
    expect(await cacheOn(io).findFile({ repository, commit, path })).toEqual({
      path: `${folder}/snapshots/${commit}/${path}`,
      bytes: 10,
      blob: blobName(files[1]!),
    });
    expect(await cacheOn(io).findFile({ repository, commit: other, path })).toBeNull();
    expect(await cacheOn(io).findFile({ repository, commit, path: 'none' })).toBeNull();
    expect(await cacheOn(io).findFile({ repository, commit, path: 'shards/a' })).toBeNull();
  });

  test('no file that a link leads out of the repository to', async () => {
    const io = createFakeIo();
    io.files.put('/etc/passwd', 'secret');
    io.files.putLink('/etc/passwd', `${folder}/snapshots/${commit}/a.gguf`);
    io.files.putLink('/etc', `${folder}/snapshots/${commit}/sub`);
    for (const path of ['a.gguf', 'sub/passwd']) {
      expect(await cacheOn(io).findFile({ repository, commit, path })).toBeNull();
    }
  });
});
