// Taking files of a commit out of the cache. Names go first, then the bytes that nothing leads to,
// then refs, then empty folders: cut off anywhere, no name is left without bytes, and the same call
// again finishes. Each thing is looked at again right before it goes.
import { dirname, join } from 'node:path';
import { ProblemError } from '../../../core/problem.ts';
import { fileProblem } from '../../file-problem.ts';
import { inTurn } from '../oci/exclusive.ts';
import { holds } from './blobs.ts';
import { blobBehind, blobName, blobPath, type CacheFile, entryPath, refPath } from './layout.ts';
import { checkNames } from './names.ts';
import { type Kept, planRemoval, type RemovalRequest } from './plan-removal.ts';
import { readRef } from './refs.ts';
import { checkFolders, sweepTemporaries } from './repository.ts';
import { readRepository } from './scan-repository.ts';
import type { CachedBlob, CachedRepository } from './scanned.ts';
import { type CacheStore, inRepository, type RepositoryStore, withBlobLock } from './store.ts';

export interface RemoveRequest extends RemovalRequest {
  readonly signal: AbortSignal;
}

export interface Removed {
  /** What the disk got back. */
  readonly freedBytes: number;
  /** Files of the request that stay, in part or whole. */
  readonly kept: readonly Kept[];
}

/**
 * Removes what was put, and nothing that others need or have changed. Files that are gone already
 * are fine. Throws ProblemError: `store/unsafe-name`, `store/unsafe-layout`, what the disk refused.
 */
export async function remove(store: CacheStore, request: RemoveRequest): Promise<Removed> {
  const { repository, commit, files, signal } = request;
  checkNames({ repository, commit, paths: files.map(({ path }) => path) });
  const place = inRepository(store, repository);
  return inTurn(place.folder, async () => {
    try {
      return await removeAll(place, request);
    } catch (error) {
      signal.throwIfAborted();
      const attempt = `remove files from ${place.folder}`;
      throw new ProblemError(fileProblem(error, attempt), { cause: error });
    }
  });
}

async function removeAll(store: RepositoryStore, request: RemoveRequest): Promise<Removed> {
  const { commit, files, signal } = request;
  const paths = files.map(({ path }) => entryPath(store.folder, commit, path));
  await checkFolders(store, [blobPath(store.folder, 'any'), ...paths]);
  const plan = planRemoval(await look(store), request);
  const kept = [...plan.kept];
  let freedBytes = 0;
  for (const file of plan.entries) {
    signal.throwIfAborted();
    const bytes = await removeEntry(store, commit, file, signal);
    if (bytes === null) kept.push({ file, because: 'other-content' });
    else freedBytes += bytes;
  }
  for (const blob of plan.blobs) {
    const because = await removeBlob(store, blob, signal);
    if (because === null) freedBytes += blob.isShared ? 0 : blob.bytes;
    else kept.push(...files.filter(isIn(blob)).map((file): Kept => ({ file, because })));
  }
  await removeRefs(store, commit, plan.refs);
  await removeFolders(store, [...paths, ...plan.refs.map((ref) => refPath(store.folder, ref))]);
  await sweepTemporaries(store);
  return { freedBytes, kept };
}

const isIn =
  (blob: CachedBlob) =>
  (file: CacheFile): boolean =>
    blobName(file) === blob.name;

const look = (store: RepositoryStore): Promise<CachedRepository> =>
  readRepository(store, store.folder, { type: 'models', id: store.repository });

/** Bytes that this freed; null when something else stands there. */
async function removeEntry(
  store: RepositoryStore,
  commit: string,
  file: CacheFile,
  signal: AbortSignal,
): Promise<number | null> {
  const { files } = store.io;
  const path = entryPath(store.folder, commit, file.path);
  const there = await files.entry(path);
  if (there === null) return 0;
  const isOurs =
    there.kind === 'link'
      ? blobBehind(store.folder, dirname(path), await files.readLink(path)) === blobName(file)
      : there.kind === 'file' && (await holds(store, path, file, signal));
  if (!isOurs) return null;
  await files.remove(path);
  return there.kind === 'file' && there.names === 1 ? there.bytes : 0;
}

/** Null when it is gone. A client that has the lock is about to write it or to link to it. */
function removeBlob(
  store: RepositoryStore,
  blob: CachedBlob,
  signal: AbortSignal,
): Promise<Kept['because'] | null> {
  return withBlobLock(store, blob.name, signal, async (lock) => {
    if (lock === 'busy') return 'in-use';
    const now = await look(store);
    const links = now.blobs.find(({ name }) => name === blob.name)?.links ?? 0;
    if (!now.complete) return 'not-all-read';
    if (links > 0) return 'other-snapshot';
    await store.io.files.remove(blobPath(store.folder, blob.name));
    return null;
  });
}

/** Those that still lead to the commit, if its snapshot is still empty. */
async function removeRefs(
  store: RepositoryStore,
  commit: string,
  refs: readonly string[],
): Promise<void> {
  if (refs.length === 0) return;
  const revision = (await look(store)).revisions.find((one) => one.commit === commit);
  if (revision !== undefined && revision.files.length > 0) return;
  for (const ref of refs) {
    if ((await readRef(store, ref)) !== commit) continue;
    await store.io.files.remove(refPath(store.folder, ref));
  }
}

const layoutFolders = ['blobs', 'refs', 'snapshots'];

/**
 * Folders that the removed files leave empty, and the repository's own when nothing is left in any
 * of them; else its three folders stay, for clients call it corrupted without.
 */
async function removeFolders(store: RepositoryStore, paths: readonly string[]): Promise<void> {
  const { files } = store.io;
  const kept = new Set(layoutFolders.map((name) => join(store.folder, name)));
  for (const path of paths) {
    let folder = dirname(path);
    while (!kept.has(folder) && (await files.removeFolder(folder))) folder = dirname(folder);
  }
  if ((await files.stat(store.folder)) === null) return;
  for (const { name } of await files.list(store.folder)) {
    if (!layoutFolders.includes(name)) return;
    if ((await files.list(join(store.folder, name))).length > 0) return;
  }
  for (const folder of [...kept, store.folder]) {
    if (!(await files.removeFolder(folder))) return;
  }
}
