import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileSource } from '../../../src/artifacts/sources/file/index.ts';
import { createObtain } from '../../../src/artifacts/transfer/obtain.ts';
import type { Io } from '../../../src/io/io.ts';
import { createFakeJournal } from '../../fakes/journal.ts';
import { createWorld, matching, problemFrom, valueOf } from '../world.ts';

const content = Buffer.from('a model, as far as anyone looks'.repeat(1_000));

describe('a file on this machine', () => {
  async function setUp(wrap: (io: Io) => Io = (io) => io) {
    const world = createWorld();
    const path = join(world.folder, 'x.bin');
    writeFileSync(path, content);
    const artifact = valueOf(await fileSource.resolve('file://./x.bin', world));
    const cacheFolder = join(world.folder, 'cache');
    const transfer = createObtain({
      io: wrap(world.io),
      cacheFolder,
      folderOf: () => world.folder,
      routes: world.routes,
      journal: createFakeJournal(),
    });
    const progress: number[] = [];
    const obtain = (of = artifact) =>
      transfer.obtain(of, artifact.files[0]!, {
        signal: world.signal,
        onBytes: (bytes) => progress.push(bytes),
      });
    return { path, artifact, cacheFolder, progress, obtain };
  }

  it('is used where it is', async () => {
    const { obtain, path, cacheFolder, progress } = await setUp();
    expect(await obtain()).toEqual({ path, downloadedBytes: 0, isUnchanging: false });
    expect(existsSync(cacheFolder)).toBe(false);
    expect(progress.at(-1)).toBe(content.length);
  });

  it('is hashed once a run while it stays as it is', async () => {
    let reads = 0;
    const { obtain, path } = await setUp((io) => ({
      ...io,
      files: {
        ...io.files,
        readStream: (at, range) => ((reads += 1), io.files.readStream(at, range)),
      },
    }));
    await obtain();
    await obtain();
    expect(reads).toBe(1);
    utimesSync(path, new Date(), new Date(1_000_000_000_000));
    await obtain();
    expect(reads).toBe(2);
  });

  it.each([
    [
      'edited to another length',
      (path: string) => writeFileSync(path, 'short'),
      /has 5 bytes instead of/,
    ],
    [
      'edited in place',
      (path: string) => writeFileSync(path, Buffer.alloc(content.length, 1)),
      /has the digest/,
    ],
  ])('is refused when it was %s', async (_, edit, detail) => {
    const { obtain, path } = await setUp();
    edit(path);
    utimesSync(path, new Date(), new Date(1_000_000_000_000));
    expect(await problemFrom(obtain())).toMatchObject({
      code: 'transfer/changed-in-place',
      retry: 'never',
      detail: matching(detail),
    });
  });

  it('is missed when it is gone', async () => {
    const { obtain, artifact } = await setUp();
    const elsewhere = { ...artifact, source: 'file://./gone.bin' };
    expect(await problemFrom(obtain(elsewhere))).toMatchObject({ code: 'source/not-found' });
  });
});
