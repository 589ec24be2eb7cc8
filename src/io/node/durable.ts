// Writing so that a crash at any moment leaves the old content or the new, never a part of either:
// the bytes are on disk before the name points at them, and the name is on disk before the call
// returns.
import { constants } from 'node:fs';
import { copyFile, mkdir, open, realpath, rename as renameFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import type { Drafts } from '../../core/draft.ts';
import { errorCode, isAbsent } from '../error-code.ts';

interface WriteOptions {
  /** Makes the temporary name unique within this process. */
  readonly nonce: string;
  /** Permissions; absent: those of the file replaced, else the usual ones. */
  readonly mode?: number;
  /** See `Files`. */
  readonly drafts?: Drafts | undefined;
}

/** See `Files`. A link is written through: what it leads to is replaced. */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array,
  { nonce, mode, drafts }: WriteOptions,
): Promise<void> {
  const target = await resolveLink(path);
  const folder = dirname(target);
  await makeFolder(folder);
  const temporary = join(folder, `.modelctl-${process.pid}-${nonce}.tmp`);
  drafts?.note(temporary);
  try {
    await writeSynced(temporary, content, mode ?? (await modeOf(target)));
    await renameFile(temporary, target);
  } catch (error) {
    // The failure to report is the first one; a left-over temporary file harms nobody.
    await rm(temporary, { force: true }).then(
      () => drafts?.drop(temporary),
      () => undefined,
    );
    throw error;
  }
  drafts?.drop(temporary);
  await syncFolder(folder);
}

async function resolveLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isAbsent(error)) return path;
    throw error;
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function writeSynced(
  path: string,
  content: string | Uint8Array,
  mode: number | undefined,
): Promise<void> {
  const handle = await open(path, 'wx', mode ?? 0o666);
  try {
    // What `open` was given is narrowed by the umask.
    if (mode !== undefined) await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function appendStream(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  options?: { readonly onBytes?: (bytes: number) => void },
): Promise<void> {
  const handle = await open(path, 'a');
  try {
    for await (const chunk of chunks) {
      await handle.writeFile(chunk);
      options?.onBytes?.(chunk.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function rename(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  await renameFile(from, to);
  await syncFolder(dirname(to));
}

export async function clone(from: string, to: string): Promise<void> {
  await makeFolder(dirname(to));
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await syncPath(to);
}

/** Makes a folder and those above it, each of them durable. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const above = dirname(first);
  for (let folder = path; folder !== above; ) {
    folder = dirname(folder);
    await syncFolder(folder);
  }
}

/**
 * File systems and platforms on which a folder cannot be opened or synchronized: there the name
 * is as durable as it gets.
 */
const syncUnsupported: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EPERM',
]);

export async function syncFolder(path: string): Promise<void> {
  try {
    await syncPath(path);
  } catch (error) {
    if (!syncUnsupported.has(errorCode(error))) throw error;
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
