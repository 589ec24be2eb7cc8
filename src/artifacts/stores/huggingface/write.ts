// Bringing files of one commit into the cache. The order is what makes it safe to be cut off
// anywhere: bytes first, then the names in the snapshot, and the ref last, so that a ref never
// leads to a snapshot that lacks a file of ours. Files, links and refs of others stay as they are.
import { join } from 'node:path';
import { ProblemError } from '../../../core/problem.ts';
import { fileProblem } from '../../file-problem.ts';
import { inTurn } from '../oci/exclusive.ts';
import type { Bringing } from './blobs.ts';
import { hasSymlinks, putFile } from './entries.ts';
import {
  blobPath,
  type CacheFile,
  entryPath,
  refPath,
  snapshotFolder,
  tagPath,
  tagText,
} from './layout.ts';
import { checkNames } from './names.ts';
import { putRef } from './refs.ts';
import { checkFolders, sweepTemporaries } from './repository.ts';
import { type CacheStore, inRepository, type RepositoryStore } from './store.ts';

export interface PutRequest extends Omit<Bringing, 'onBytes'> {
  /** As in `org/name`. */
  readonly repository: string;
  /** 40 hex characters. */
  readonly commit: string;
  /**
   * The branch or tag that was asked for and stood for this commit; absent for a pinned commit. One
   * that leads to another snapshot of this cache is moved only with `moves`.
   */
  readonly ref?: { readonly name: string; readonly moves: boolean };
  readonly files: readonly CacheFile[];
  /** Whether we wrote what stands at this path of the snapshot, so that it may be replaced. */
  readonly isOurs: (path: string) => boolean;
  /** Bytes of the request's files that are known to be there so far. */
  readonly onBytes: (completedBytes: number, totalBytes: number) => void;
}

export interface PutResult {
  /** Absolute path of the snapshot's folder. */
  readonly snapshot: string;
  /** Paths of the request's files that were not there, or not whole. */
  readonly written: readonly string[];
  /** `kept`: the ref leads to another snapshot, and `moves` was false. Null: none was asked for. */
  readonly ref: 'written' | 'unchanged' | 'kept' | null;
}

/**
 * Stores files of a repository at a commit. Safe to repeat after being cut off anywhere, and beside
 * other writers; where all is there it writes nothing. Throws ProblemError: `store/unsafe-name`,
 * `store/unsafe-layout`, `store/occupied`, `store/digest-mismatch`, and what the disk refused.
 */
export async function put(store: CacheStore, request: PutRequest): Promise<PutResult> {
  const { repository, commit, ref, files, signal } = request;
  checkNames({ repository, commit, ref: ref?.name, paths: files.map(({ path }) => path) });
  const repositoryStore = inRepository(store, repository);
  return inTurn(repositoryStore.folder, async () => {
    try {
      return await putAll(repositoryStore, request);
    } catch (error) {
      signal.throwIfAborted();
      const attempt = `write to ${repositoryStore.folder}`;
      throw new ProblemError(fileProblem(error, attempt), { cause: error });
    }
  });
}

async function putAll(store: RepositoryStore, request: PutRequest): Promise<PutResult> {
  const { commit, ref, files } = request;
  await checkFolders(store, [
    blobPath(store.folder, 'any'),
    ...files.map(({ path }) => entryPath(store.folder, commit, path)),
    ...(ref === undefined ? [] : [refPath(store.folder, ref.name)]),
  ]);
  await makeLayout(store);
  const written = await putFiles(store, request);
  const pointed = ref === undefined ? null : await putRef(store, ref, commit);
  await sweepTemporaries(store);
  return { snapshot: snapshotFolder(store.folder, commit), written, ref: pointed };
}

/** `refs` even when there is none to be: the JavaScript client reads no repository without it. */
async function makeLayout(store: RepositoryStore): Promise<void> {
  const { files, drafts } = store.io;
  const tag = tagPath(store.path);
  if ((await files.stat(tag)) === null) await files.writeAtomic(tag, tagText, { drafts });
  await files.makeFolder(join(store.folder, 'refs'));
}

async function putFiles(store: RepositoryStore, request: PutRequest): Promise<readonly string[]> {
  const { commit, files, signal, obtain, isOurs } = request;
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const written: string[] = [];
  let symlinks: Promise<boolean> | null = null;
  let completedBytes = 0;
  for (const file of files) {
    signal.throwIfAborted();
    let seenBytes = 0;
    const isNew = await putFile(store, commit, file, {
      obtain,
      signal,
      isOurs,
      hasSymlinks: () => (symlinks ??= hasSymlinks(store)),
      onBytes: (bytes) => {
        seenBytes = Math.min(seenBytes + bytes, file.bytes);
        request.onBytes(completedBytes + seenBytes, totalBytes);
      },
    });
    if (isNew) written.push(file.path);
    completedBytes += file.bytes;
    request.onBytes(completedBytes, totalBytes);
  }
  return written;
}
