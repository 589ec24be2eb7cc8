// Names and what they stand for: links of both kinds, and folders that have become empty. As in
// durable.ts, a new name is on disk before the call returns.
import { link, symlink as linkTo, lstat, readlink, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, isAbsent } from '../error-code.ts';
import type { FileEntry } from '../io.ts';
import { makeFolder, syncFolder } from './durable.ts';

export async function entryOf(path: string): Promise<FileEntry | null> {
  try {
    const found = await lstat(path);
    return {
      kind: kindOf(found),
      bytes: found.size,
      modifiedAt: found.mtimeMs,
      names: found.nlink,
      inode: `${found.dev}:${found.ino}`,
      mode: found.mode & 0o777,
      // POSIX counts in blocks of 512 bytes whatever the file system's own; Windows in none at all.
      diskBytes: found.blocks === undefined ? found.size : found.blocks * 512,
    };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

function kindOf(found: Awaited<ReturnType<typeof lstat>>): FileEntry['kind'] {
  if (found.isSymbolicLink()) return 'link';
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

export const readLink = (path: string): Promise<string> => readlink(path);

export async function linkFile(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  await link(from, to);
  await syncFolder(dirname(to));
}

export async function symlink(target: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await linkTo(target, path);
  await syncFolder(dirname(path));
}

/** POSIX lets a system answer with either. */
const notEmpty: ReadonlySet<string | undefined> = new Set(['ENOTEMPTY', 'EEXIST']);

export async function removeFolder(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (notEmpty.has(errorCode(error))) return false;
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
}
