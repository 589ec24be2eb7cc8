// Whether the cache has certain bytes, or a file of a commit, without looking at more of it than a
// name in each repository. What is found is not verified: whoever uses it hashes it.
import { basename, dirname, join } from 'node:path';
import { mapBounded } from '../../../core/concurrency.ts';
import { type Digest, digestHex } from '../../../core/digest.ts';
import {
  blobBehind,
  blobPath,
  type CacheFile,
  entryPath,
  snapshotFolder,
  temporaryPath,
} from './layout.ts';
import { checkNames } from './names.ts';
import { repositoryFolders } from './scan.ts';
import { type CacheStore, inRepository } from './store.ts';

const looksAtOnceMax = 32;

/** What a name in a snapshot leads to. */
export interface NamedFile {
  /** Of the name, absolute. */
  readonly path: string;
  readonly bytes: number;
  /** The name of the blob; null for a file that stands in the snapshot itself. */
  readonly blob: string | null;
}

/**
 * Absolute path of a blob of that sha256 and size in any repository; null without. Files that git
 * itself keeps are not found: they are named by their git object id.
 */
export async function findBlob(
  store: CacheStore,
  digest: Digest,
  bytes: number,
): Promise<string | null> {
  const repositories = await repositoryFolders(store);
  const paths = repositories.map(({ path }) => blobPath(path, digestHex(digest)));
  const found = await mapBounded(paths, looksAtOnceMax, async (path) => {
    const stat = await store.io.files.stat(path);
    return stat?.kind === 'file' && stat.bytes === bytes ? path : null;
  });
  return found.find((path) => path !== null) ?? null;
}

export interface FoundBlob {
  readonly path: string;
  /** Where a replacement of it is made. */
  readonly temporary: string;
}

/** Where blobs named by this sha256 stand, in all repositories, whatever is in them. */
export async function blobsNamed(store: CacheStore, digest: Digest): Promise<readonly FoundBlob[]> {
  const repositories = await repositoryFolders(store);
  const hex = digestHex(digest);
  const found = await mapBounded(repositories, looksAtOnceMax, async ({ path }) => {
    const blob = {
      path: blobPath(path, hex),
      temporary: temporaryPath(path, store.io.processes.pid, hex),
    };
    return (await store.io.files.entry(blob.path)) === null ? [] : [blob];
  });
  return found.flat();
}

export interface FileOfCommit {
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
}

/**
 * What a snapshot has for a file, whatever is in it. That is the way to files that git itself keeps,
 * whose blobs are not named by a sha256. Null and throws as `findFile`.
 */
export async function blobOf(store: CacheStore, file: FileOfCommit): Promise<FoundBlob | null> {
  const found = await findFile(store, file);
  if (found === null) return null;
  const path = await store.io.files.realPath(found.path);
  const { folder } = inRepository(store, file.repository);
  return { path, temporary: temporaryPath(folder, store.io.processes.pid, basename(path)) };
}

/**
 * A file of a commit under its name in the snapshot, as engines want it (the shards of a model must
 * stand side by side). Null when it is not there, leads nowhere, or out of its repository. Throws
 * ProblemError `store/unsafe-name`.
 */
export async function findFile(store: CacheStore, file: FileOfCommit): Promise<NamedFile | null> {
  const { repository, commit, path } = file;
  checkNames({ repository, commit, paths: [path] });
  const { files } = store.io;
  const { folder } = inRepository(store, repository);
  let parent = snapshotFolder(folder, commit);
  for (const part of ['', ...path.split('/').slice(0, -1)]) {
    parent = join(parent, part);
    if ((await files.entry(parent))?.kind !== 'folder') return null;
  }
  const name = entryPath(folder, commit, path);
  const isLink = (await files.entry(name))?.kind === 'link';
  const blob = isLink ? blobBehind(folder, dirname(name), await files.readLink(name)) : null;
  if (isLink && blob === null) return null;
  const stat = await files.stat(name);
  return stat?.kind === 'file' ? { path: name, bytes: stat.bytes, blob } : null;
}

/** As far as names and sizes tell. What Git itself keeps may be named by that, known or not. */
export const isAsNamed = (
  { blob, bytes }: NamedFile,
  file: Pick<CacheFile, 'digest' | 'bytes' | 'gitSha1'>,
): boolean =>
  bytes === file.bytes &&
  (blob === null ||
    blob === digestHex(file.digest) ||
    (/^[0-9a-f]{40}$/.test(blob) && (file.gitSha1 ?? blob) === blob));
