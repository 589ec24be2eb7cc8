// The Hugging Face cache as names and paths: what is where below the cache folder. Pure. The form is
// that of huggingface_hub (file_download.py, _local_folder.py), which llama.cpp reads as well.
//
// A listing of a whole repository (`trees/<commit>.json`) is the one file of the layout that we do
// not write: the client writes it for a snapshot of all files only, and takes what it lists for all
// that there is.
import { join, resolve } from 'node:path';
import { type Digest, digestHex } from '../../../core/digest.ts';

/** One file of a repository at a commit. */
export interface CacheFile {
  /** Within the repository, with forward slashes. */
  readonly path: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** The git object id, in 40 hex characters, of a file that git itself keeps; LFS files have none. */
  readonly gitSha1?: string;
}

export const repositoryFolder = (cache: string, repository: string): string =>
  join(cache, `models--${repository.replaceAll('/', '--')}`);

const folderPattern = /^(models|datasets|spaces|kernels)--(.+)$/;

export interface RepositoryName {
  readonly type: 'models' | 'datasets' | 'spaces' | 'kernels';
  /** As in `org/name`. */
  readonly id: string;
}

/** Null for a folder of the cache that is no repository. */
export function repositoryOf(folderName: string): RepositoryName | null {
  const [, type, id] = folderPattern.exec(folderName) ?? [];
  if (type === undefined || id === undefined) return null;
  return { type: type as RepositoryName['type'], id: id.replaceAll('--', '/') };
}

/** What the Hub gives as ETag, which names the blob: sha256 of LFS files, else the git object id. */
export const blobName = (file: Pick<CacheFile, 'digest' | 'gitSha1'>): string =>
  file.gitSha1 ?? digestHex(file.digest);

const blobFolder = (repository: string): string => join(repository, 'blobs');
export const blobPath = (repository: string, name: string): string =>
  join(blobFolder(repository), name);
export const snapshotFolder = (repository: string, commit: string): string =>
  join(repository, 'snapshots', commit);
export const entryPath = (repository: string, commit: string, path: string): string =>
  join(snapshotFolder(repository, commit), ...path.split('/'));
export const refPath = (repository: string, ref: string): string =>
  join(repository, 'refs', ...ref.split('/'));

/** What the link of a snapshot says: from its own folder to the blob. */
export const entryTarget = (path: string, name: string): string =>
  `${'../'.repeat(path.split('/').length + 1)}blobs/${name}`;

/** The blob that a link leads to; null when it leads anywhere else. Asks no disk. */
export function blobBehind(repository: string, folder: string, target: string): string | null {
  const path = resolve(folder, target);
  const name = path.slice(blobFolder(repository).length + 1);
  return name !== '' && !/[/\\]/.test(name) && path === blobPath(repository, name) ? name : null;
}

/** The file that the client locks while it writes a blob. It stays there, for good. */
export const lockPath = (cache: string, repository: string, name: string): string =>
  join(cache, '.locks', `models--${repository.replaceAll('/', '--')}`, `${name}.lock`);

export const tagPath = (cache: string): string => join(cache, 'CACHEDIR.TAG');

/** So that backup programs leave the cache out (https://bford.info/cachedir/); the client's words. */
export const tagText =
  'Signature: 8a477f597d28d172789f06886806bc55\n' +
  '# This file is a cache directory tag created by huggingface_hub.\n' +
  '# For information about cache directory tags, see:\n' +
  '#\thttps://bford.info/cachedir/\n';

/**
 * A file that is being made. It stands beside `blobs`, `refs` and `snapshots`, where no tool looks:
 * within them it would be taken for a blob, a ref or a file of the model. `writer` is a process id.
 */
export const temporaryPath = (repository: string, writer: number, nonce: string): string =>
  join(repository, `.modelctl-${writer}-${nonce}.tmp`);

/** The process that makes it; null for a name that is not ours (`Files.writeAtomic` uses the same). */
export function writerOf(name: string): number | null {
  const [, writer] = /^\.modelctl-([1-9]\d{0,14})-.*\.tmp$/.exec(name) ?? [];
  return writer === undefined ? null : Number(writer);
}

/** What is half there: Python's, llama.cpp's, older clients'. */
export const isPartial = (name: string): boolean =>
  /\.(incomplete|downloadInProgress|tmp|new|old)$/.test(name) || /^tmp_[0-9a-f-]{36}$/.test(name);
