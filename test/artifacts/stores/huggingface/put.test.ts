import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobName } from '../../../../src/artifacts/stores/huggingface/layout.ts';
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
  requestOn,
  texts,
} from './caches.ts';

const [weights, shard, config] = files;
const blob = (at: number): string => `${folder}/blobs/${blobName(files[at]!)}`;
const entry = (path: string, at = commit): string => `${folder}/snapshots/${at}/${path}`;
const inCache = (io: FakeIo): readonly string[] =>
  io.files.paths().filter((path) => path.startsWith(cachePath));

describe.each([
  ['on disk', () => createWorld()],
  ['in memory', () => ({ io: createFakeIo(), folder: '/world' })],
])('files that are put into a cache %s', (_, world) => {
  test('lie there as the layout has it', async () => {
    const { io, folder: root } = world();
    const cache = cacheOn(io, join(root, 'hub'));
    const request = await requestOn(io, {}, join(root, 'staging'));
    const result = await cache.put(request);
    const place = join(root, 'hub', 'models--acme--tiny-gguf');
    expect(result).toEqual({
      snapshot: join(place, 'snapshots', commit),
      written: files.map(({ path }) => path),
      ref: 'written',
    });
    const text = async (...path: readonly string[]) =>
      Buffer.from(await io.files.readBytes(join(place, ...path), 1_000)).toString();
    expect(await text('refs', 'main')).toBe(commit);
    for (const file of files) {
      const depth = '../'.repeat(file.path.split('/').length + 1);
      const link = join(place, 'snapshots', commit, file.path);
      expect(await io.files.readLink(link)).toBe(`${depth}blobs/${blobName(file)}`);
      expect(await text('blobs', blobName(file))).toBe(texts[file.path as keyof typeof texts]);
      expect(await text('snapshots', commit, file.path)).toBe(
        texts[file.path as keyof typeof texts],
      );
    }
    const names = (await io.files.list(place)).map(({ name }) => name);
    expect(names).toEqual(['blobs', 'refs', 'snapshots']);
    const tag = await io.files.readBytes(join(root, 'hub', 'CACHEDIR.TAG'), 1_000);
    expect(Buffer.from(tag).toString()).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55\n/);
    expect(await cache.put(request)).toMatchObject({ written: [], ref: 'unchanged' });
  });

  test('come from two writers at once', async () => {
    const { io, folder: root } = world();
    const staging = join(root, 'staging');
    // Two processes, which know nothing of one another: the same folder by two names.
    await io.files.makeFolder(join(root, 'hub'));
    await io.files.symlink('hub', join(root, 'alias'));
    const request = await requestOn(io, {}, staging);
    const results = await Promise.all(
      ['hub', 'alias'].map((name) => cacheOn(io, join(root, name)).put(request)),
    );
    expect(results.map(({ snapshot }) => snapshot)).toHaveLength(2);
    const scan = await cacheOn(io, join(root, 'hub')).scan();
    expect(scan.repositories).toMatchObject([{ warnings: [], partials: [], complete: true }]);
    const names = (await io.files.list(join(root, 'hub', 'models--acme--tiny-gguf'))).length;
    expect(names).toBe(3);
  });
});

describe('putting', () => {
  test('writes nothing where all is there', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    const before = io.effects.done.length;
    await cacheOn(io).put(await requestOn(io));
    expect(io.effects.done.length).toBe(before);
  });

  test('gives bytes that nobody changes a second name, and copies others', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    expect(await io.files.entry(blob(0))).toMatchObject({ names: 2 });
    expect(io.effects.done.some(({ kind }) => kind === 'clone')).toBe(false);

    const copied = createFakeIo();
    const obtain = async ({ path }: { readonly path: string }) => ({
      path: `/staging/${path}`,
      shareable: false,
    });
    await cacheOn(copied).put(await requestOn(copied, { obtain }));
    expect(await copied.files.entry(blob(0))).toMatchObject({ names: 1 });

    const apart = createFakeIo();
    apart.effects.forbid('link', 'EXDEV');
    await cacheOn(apart).put(await requestOn(apart));
    expect(apart.files.text(blob(0))).toBe('the weights');
  });

  test('takes the lock of the Python client for each blob that it writes', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    const locks = files.map(
      (file) => `${cachePath}/.locks/models--acme--tiny-gguf/${blobName(file)}.lock`,
    );
    expect(io.processes.locks.asked).toEqual(locks);
    expect(io.processes.locks.held.size).toBe(0);
  });

  test.each(['busy', 'unavailable'])('goes on where the lock is %s', async (kind) => {
    const io = createFakeIo();
    if (kind === 'unavailable') io.processes.hasLocks = false;
    for (const file of files) {
      io.processes.locks.held.add(
        `${cachePath}/.locks/models--acme--tiny-gguf/${blobName(file)}.lock`,
      );
    }
    expect(await cacheOn(io).put(await requestOn(io))).toMatchObject({ ref: 'written' });
  });

  test.each([
    ['cut short', 'the we'],
    ['damaged', 'THE WEIGHTS'.slice(0, 'the weights'.length)],
  ])('does not trust a blob that is %s', async (_, text) => {
    const io = createFakeIo();
    io.files.put(blob(0), text);
    const { written } = await cacheOn(io).put(await requestOn(io));
    expect(written).toContain(weights?.path);
    expect(io.files.text(blob(0))).toBe('the weights');
  });

  test('repairs a blob behind a name that is there', async () => {
    const io = createFakeIo();
    await cacheOn(io).put(await requestOn(io));
    io.files.put(blob(0), 'damaged !!!');
    const later = createFakeIo();
    for (const path of io.files.paths()) {
      const there = await io.files.entry(path);
      if (there?.kind === 'link') later.files.putLink(await io.files.readLink(path), path);
      else later.files.put(path, io.files.text(path) ?? '');
    }
    later.files.put('/staging/tiny-Q8_0.gguf', 'the weights');
    expect(await cacheOn(later).put(await requestOn(later))).toMatchObject({
      written: ['tiny-Q8_0.gguf'],
    });
    expect(later.files.text(entry('tiny-Q8_0.gguf'))).toBe('the weights');
  });

  test('takes over what another tool fetched, without asking for it', async () => {
    const io = createFakeIo();
    files.forEach((file, at) => io.files.put(blob(at), texts[file.path as keyof typeof texts]));
    const obtain = () => Promise.reject(new Error('not needed'));
    await cacheOn(io).put(await requestOn(io, { obtain }));
    expect(io.files.text(entry('config.json'))).toBe(texts['config.json']);
  });

  test('refuses bytes that are not what was asked for, and leaves none of them', async () => {
    const io = createFakeIo();
    io.files.put('/staging/tiny-Q8_0.gguf', 'the wrong one');
    const problem = await problemFrom(cacheOn(io).put(await requestOn(io)));
    expect(problem.code).toBe('store/digest-mismatch');
    expect(inCache(io)).toEqual([`${cachePath}/CACHEDIR.TAG`]);
  });

  test('checks a small file by both of its names', async () => {
    const io = createFakeIo();
    const wrong = { ...config!, gitSha1: '0'.repeat(40) };
    const problem = await problemFrom(cacheOn(io).put(await requestOn(io, { files: [wrong] })));
    expect(problem.code).toBe('store/digest-mismatch');
  });

  test('leaves the ref of a newer snapshot, unless it is to be moved', async () => {
    const io = createFakeIo();
    const cache = cacheOn(io);
    await cache.put(await requestOn(io, { commit: other }));
    expect(await cache.put(await requestOn(io))).toMatchObject({ ref: 'kept' });
    expect(io.files.text(`${folder}/refs/main`)).toBe(other);
    const moved = await cache.put(await requestOn(io, { ref: { name: 'main', moves: true } }));
    expect(moved.ref).toBe('written');
    expect(io.files.text(`${folder}/refs/main`)).toBe(commit);
  });

  test.each([
    ['leads to a snapshot that is not here', other],
    ['says nothing that is a commit', 'rubbish\n'],
  ])('corrects a ref that %s', async (_, text) => {
    const io = createFakeIo();
    io.files.put(`${folder}/refs/main`, text);
    expect(await cacheOn(io).put(await requestOn(io))).toMatchObject({ ref: 'written' });
  });

  test('writes no ref for a commit, and one with slashes for a pull request', async () => {
    const io = createFakeIo();
    const { ref, ...pinned } = await requestOn(io);
    expect(ref?.name).toBe('main');
    expect(await cacheOn(io).put(pinned)).toMatchObject({ ref: null });
    expect(inCache(io).some((path) => path.includes('/refs/'))).toBe(false);
    await cacheOn(io).put({ ...pinned, ref: { name: 'refs/pr/1', moves: false } });
    expect(io.files.text(`${folder}/refs/refs/pr/1`)).toBe(commit);
  });
});

describe('a name in the snapshot', () => {
  test('that leads nowhere is put right', async () => {
    const io = createFakeIo();
    io.files.putLink('../../blobs/gone', entry('tiny-Q8_0.gguf'));
    await cacheOn(io).put(await requestOn(io));
    expect(io.files.text(entry('tiny-Q8_0.gguf'))).toBe('the weights');
  });

  test('that leads to the same bytes under another name stays', async () => {
    const io = createFakeIo();
    io.files.put(`${folder}/blobs/xet`, 'the weights');
    io.files.putLink('../../blobs/xet', entry('tiny-Q8_0.gguf'));
    const { written } = await cacheOn(io).put(await requestOn(io));
    expect(written).toEqual([shard?.path, config?.path]);
    expect(await io.files.readLink(entry('tiny-Q8_0.gguf'))).toBe('../../blobs/xet');
  });

  test('that leads to other bytes is only ours to correct when we made it', async () => {
    const io = createFakeIo();
    io.files.put(`${folder}/blobs/else`, 'of someone');
    io.files.putLink('../../blobs/else', entry('tiny-Q8_0.gguf'));
    const problem = await problemFrom(cacheOn(io).put(await requestOn(io)));
    expect(problem).toMatchObject({ code: 'store/occupied', retry: 'never' });
    expect(io.files.text(`${folder}/refs/main`)).toBeNull();
    await cacheOn(io).put(await requestOn(io, { isOurs: (path) => path === 'tiny-Q8_0.gguf' }));
    expect(io.files.text(entry('tiny-Q8_0.gguf'))).toBe('the weights');
    expect(io.files.text(`${folder}/blobs/else`)).toBe('of someone');
  });

  test('may be the file itself', async () => {
    const io = createFakeIo();
    io.files.put(entry('tiny-Q8_0.gguf'), 'the weights');
    const { written } = await cacheOn(io).put(await requestOn(io));
    expect(written).not.toContain('tiny-Q8_0.gguf');
    expect(io.files.text(blob(0))).toBeNull();
  });
});

describe('without symbolic links', () => {
  test.each(['a setting', 'EPERM', 'ENOTSUP'])('(%s) files stand in the snapshot', async (why) => {
    const io = createFakeIo();
    if (why === 'a setting') io.variables['HF_HUB_DISABLE_SYMLINKS'] = '1';
    else io.effects.forbid('symlink', why);
    expect(await cacheOn(io).put(await requestOn(io))).toMatchObject({ ref: 'written' });
    expect(inCache(io)).toEqual(
      [
        `${cachePath}/CACHEDIR.TAG`,
        `${folder}/refs/main`,
        ...files.map(({ path }) => entry(path)),
      ].toSorted(),
    );
    expect((await io.files.entry(entry('tiny-Q8_0.gguf')))?.kind).toBe('file');
    expect(await cacheOn(io).put(await requestOn(io))).toMatchObject({ written: [] });
  });

  test('a blob that is there is copied', async () => {
    const io = createFakeIo({ variables: { HF_HUB_DISABLE_SYMLINKS: '1' } });
    io.files.put(blob(0), 'the weights');
    await cacheOn(io).put(await requestOn(io));
    expect(await io.files.entry(entry('tiny-Q8_0.gguf'))).toMatchObject({ names: 1 });
  });
});

describe('what could lead out of the cache is refused', () => {
  test.each([
    ['a repository', { repository: '../elsewhere' }],
    ['a commit', { commit: 'main' }],
    ['a ref', { ref: { name: '../../x', moves: true } }],
    ['a ref that is a commit', { ref: { name: commit, moves: true } }],
    ['a file', { files: [lfs('../../../x', 'x')] }],
  ])('when it is the name of %s', async (_, changes) => {
    const io = createFakeIo();
    const request = await requestOn(io, changes);
    const before = io.effects.done.length;
    expect((await problemFrom(cacheOn(io).put(request))).code).toBe('store/unsafe-name');
    expect(io.effects.done.length).toBe(before);
  });

  test.each(['blobs', 'refs', 'snapshots', `snapshots/${commit}`, `snapshots/${commit}/shards`])(
    'when %s is a link',
    async (name) => {
      const io = createFakeIo();
      await io.files.makeFolder('/elsewhere');
      io.files.putLink('/elsewhere', `${folder}/${name}`);
      const problem = await problemFrom(cacheOn(io).put(await requestOn(io)));
      expect(problem.code).toBe('store/unsafe-layout');
      expect(io.files.paths().filter((path) => path.startsWith('/elsewhere'))).toEqual([]);
    },
  );

  test('but the folder of a repository may be on another disk', async () => {
    const io = createFakeIo();
    await io.files.makeFolder('/mnt/big');
    io.files.putLink('/mnt/big', folder);
    await cacheOn(io).put(await requestOn(io));
    expect(io.files.text('/mnt/big/refs/main')).toBe(commit);
  });
});
