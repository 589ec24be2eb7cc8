// What all parts of the cache share: where it is, the ports that they need, and the lock that keeps
// other programs from writing the same blob.
//
// The lock saves work; what is right does not hang on it. Each writer makes a file of its own and
// renames it, so two writers of one blob leave one whole blob, as with the Python client since 1.18.
// Hence a lock that cannot be had is no reason to stop, except for who removes.
import { dirname } from 'node:path';
import type { FileLock, Io } from '../../../io/io.ts';
import { lockPath, repositoryFolder, temporaryPath } from './layout.ts';

export interface CacheStore {
  /** Absolute path of the cache folder (folder.ts). */
  readonly path: string;
  readonly io: Pick<Io, 'files' | 'processes' | 'random' | 'clock' | 'environment' | 'drafts'>;
}

/** One repository's part of the store. */
export interface RepositoryStore extends CacheStore {
  /** As in `org/name`. */
  readonly repository: string;
  /** Absolute path of its folder. */
  readonly folder: string;
}

export const inRepository = (store: CacheStore, repository: string): RepositoryStore => ({
  ...store,
  repository,
  folder: repositoryFolder(store.path, repository),
});

/** A name for something that this process is making in the repository, used by nobody else. */
export const newTemporary = ({ io, folder }: RepositoryStore): string =>
  temporaryPath(folder, io.processes.pid, io.random.hex(8));

/** A client that downloads holds its lock the whole time: there is no use in waiting for its end. */
const lockTimeoutMs = 2_000;

/** Runs `work` with the lock that the Python client takes for a blob, or without where it says so. */
export async function withBlobLock<T>(
  store: RepositoryStore,
  name: string,
  signal: AbortSignal,
  work: (lock: FileLock['kind']) => Promise<T>,
): Promise<T> {
  const path = lockPath(store.path, store.repository, name);
  await store.io.files.makeFolder(dirname(path));
  const lock = await store.io.processes.lockFile(path, { timeoutMs: lockTimeoutMs, signal });
  try {
    return await work(lock.kind);
  } finally {
    if (lock.kind === 'held') await lock.release();
  }
}
