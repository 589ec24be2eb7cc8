// Whose a file or folder is, and what this process may do with it: what is put into a folder of
// another program must be of use to that program, which may run as another user.
import { access, chmod, chown, constants, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import type { FolderAccess } from '../../core/folder-access.ts';
import { errorCode, isAbsent } from '../error-code.ts';

const refusals: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOENT']);

/** See `Files`. A folder that is not there, or is none, is `none`. */
export async function accessTo(folder: string): Promise<FolderAccess> {
  if (!(await allows(folder, constants.R_OK | constants.X_OK))) return 'none';
  const found = await stat(folder);
  if (!found.isDirectory()) return 'none';
  // Windows has no such owners: there the right to write is all there is to ask for.
  const user = process.geteuid?.();
  const isOurs = user === undefined || user === 0 || user === found.uid;
  return isOurs && (await allows(folder, constants.W_OK | constants.X_OK)) ? 'write' : 'read';
}

async function allows(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch (error) {
    if (refusals.has(errorCode(error)) || isAbsent(error)) return false;
    throw error;
  }
}

export async function onSameDisk(a: string, b: string): Promise<boolean> {
  return (await deviceOf(a)) === (await deviceOf(b));
}

async function deviceOf(path: string): Promise<number> {
  try {
    return (await stat(path)).dev;
  } catch (error) {
    const parent = dirname(path);
    if (!isAbsent(error) || parent === path) throw error;
    return deviceOf(parent);
  }
}

export async function giveLike(path: string, mode: number, like: string): Promise<void> {
  if (process.geteuid?.() === 0) {
    const { uid, gid } = await stat(like);
    await chown(path, uid, gid);
  }
  await chmod(path, mode);
  const now = new Date();
  await utimes(path, now, now);
}
