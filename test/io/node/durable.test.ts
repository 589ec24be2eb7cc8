import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { clone, makeFolder, rename, writeAtomic } from '../../../src/io/node/durable.ts';
import { createFakeDrafts } from '../../fakes/drafts.ts';

vi.mock('node:fs/promises', async (original) => ({ ...(await original<typeof fs>()) }));

let folder: string;
let calls: string[];
let folderSyncError: Error | null;

/** Lets everything through to the disk, and notes what is synchronized and renamed in between. */
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'modelctl-durable-'));
  calls = [];
  folderSyncError = null;
  const { open, rename: renameFile } = await vi.importActual<typeof fs>('node:fs/promises');
  vi.spyOn(fs, 'rename').mockImplementation(async (from, to) => {
    await renameFile(from, to);
    calls.push(`rename to ${basename(String(to))}`);
  });
  vi.spyOn(fs, 'open').mockImplementation(async (path, ...rest) => {
    const handle = await open(path, ...rest);
    const isFolder = (await handle.stat()).isDirectory();
    const sync = handle.sync.bind(handle);
    vi.spyOn(handle, 'sync').mockImplementation(async () => {
      if (isFolder && folderSyncError !== null) throw folderSyncError;
      await sync();
      const name = basename(String(path));
      const kind = isFolder ? 'folder' : 'file';
      calls.push(`sync ${kind} ${name.replace(/modelctl-.*/, '*')}`);
    });
    return handle;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await fs.rm(folder, { recursive: true, force: true });
});

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

it('has the bytes on disk before the name, and the name before it returns', async () => {
  await writeAtomic(join(folder, 'a.txt'), 'content', { nonce: '1' });
  expect(calls).toEqual(['sync file .*', 'rename to a.txt', 'sync folder *']);
});

it('notes the temporary file as long as it is there', async () => {
  const drafts = createFakeDrafts();
  vi.mocked(fs.rename).mockImplementationOnce(async () => {
    expect(drafts.all()).toEqual((await fs.readdir(folder)).map((name) => join(folder, name)));
    throw withCode('ENOSPC');
  });
  const write = () => writeAtomic(join(folder, 'a.txt'), 'content', { nonce: '1', drafts });
  await expect(write()).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(drafts.all()).toEqual([]);
  await write();
  expect(drafts.all()).toEqual([]);
});

it('makes the names of new folders durable, from below upwards', async () => {
  await makeFolder(join(folder, 'a', 'b', 'c'));
  expect(calls).toEqual(['sync folder b', 'sync folder a', 'sync folder *']);
});

it('does nothing for a folder that is there', async () => {
  await makeFolder(folder);
  expect(calls).toEqual([]);
});

it('makes a renamed name and a cloned file durable', async () => {
  await writeAtomic(join(folder, 'a'), 'content', { nonce: '1' });
  calls.length = 0;
  await clone(join(folder, 'a'), join(folder, 'b'));
  await rename(join(folder, 'b'), join(folder, 'c'));
  expect(calls).toEqual(['sync file b', 'rename to c', 'sync folder *']);
});

it.each(['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR'])(
  'goes on where folders cannot be synchronized (%s)',
  async (code) => {
    folderSyncError = withCode(code);
    await writeAtomic(join(folder, 'sub', 'a.txt'), 'content', { nonce: '1' });
    expect(await fs.readFile(join(folder, 'sub', 'a.txt'), 'utf8')).toBe('content');
  },
);

it('fails when synchronizing a folder fails', async () => {
  folderSyncError = withCode('EIO');
  const written = writeAtomic(join(folder, 'a.txt'), 'content', { nonce: '1' });
  await expect(written).rejects.toMatchObject({ code: 'EIO' });
});

it('leaves the old content and no other file when writing fails', async () => {
  const path = join(folder, 'a.txt');
  await writeAtomic(path, 'old', { nonce: '1' });
  vi.mocked(fs.rename).mockRejectedValueOnce(withCode('ENOSPC'));
  await expect(writeAtomic(path, 'new', { nonce: '2' })).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await fs.readFile(path, 'utf8')).toBe('old');
  expect(await fs.readdir(folder)).toEqual(['a.txt']);
});
