// The bytes of one file, from wherever they are into the cache. A blob gets its name only once its
// bytes were hashed and are on disk, by a rename: whoever reads the old one goes on reading it, and
// nothing is ever written over in place.
import { createHash } from 'node:crypto';
import { digestHex } from '../../../core/digest.ts';
import { errorProblem, type Problem, ProblemError } from '../../../core/problem.ts';
import { errorCode } from '../../../io/error-code.ts';
import { hashFile, rememberHash } from '../../hash-file.ts';
import { drafting } from '../draft.ts';
import { blobName, type CacheFile } from './layout.ts';
import { newTemporary, type RepositoryStore, withBlobLock } from './store.ts';

/** A local copy of what is to be stored. */
export interface LocalCopy {
  /** Absolute. */
  readonly path: string;
  /** Nobody will change it in place, so that it may get a second name instead of a copy. */
  readonly shareable: boolean;
}

export interface Bringing {
  /** Called for what is missing only. Throws ProblemError. */
  readonly obtain: (file: CacheFile) => Promise<LocalCopy>;
  /** So many more bytes of files that had to be written were looked through. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes sure that `path`, in the cache, holds the bytes of a file. False when it did so already:
 * what is there with the right size is hashed before it is trusted, once a run.
 */
export async function putContent(
  store: RepositoryStore,
  file: CacheFile,
  path: string,
  call: Bringing,
): Promise<boolean> {
  if (await holds(store, path, file, call.signal)) return false;
  call.signal.throwIfAborted();
  const copy = await call.obtain(file);
  return withBlobLock(store, blobName(file), call.signal, async () => {
    // Whoever had the lock until now may have written it.
    if (await holds(store, path, file, call.signal)) return false;
    await bring(store, file, copy, path, call);
    return true;
  });
}

async function bring(
  store: RepositoryStore,
  file: CacheFile,
  copy: LocalCopy,
  path: string,
  call: Bringing,
): Promise<void> {
  const { files } = store.io;
  const temporary = newTemporary(store);
  await drafting(store.io, temporary, async () => {
    const linked = copy.shareable && (await tryLink(store, copy.path, temporary));
    if (!linked) await files.clone(copy.path, temporary);
    // The hash of the shared name may be known already; a copy is hashed as it came out.
    const hashed = linked ? copy.path : temporary;
    if (!(await holds(store, hashed, file, call.signal, call.onBytes))) {
      throw new ProblemError(otherContent(copy.path, file));
    }
    await files.rename(temporary, path);
  });
  const stat = await files.stat(path);
  if (stat !== null) rememberHash(files, path, { ...stat, digest: file.digest });
}

/** Whether a file has the bytes that it is to have, by every name that they have. */
export async function holds(
  store: RepositoryStore,
  path: string,
  file: CacheFile,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => undefined,
): Promise<boolean> {
  const { files } = store.io;
  const stat = await files.stat(path);
  if (stat?.kind !== 'file' || stat.bytes !== file.bytes) return false;
  if (file.gitSha1 !== undefined) return holdsBoth(store, path, file, signal, onBytes);
  let seen = 0;
  const found = await hashFile(files, path, stat, {
    signal,
    onBytes: (bytes) => {
      onBytes(bytes - seen);
      seen = bytes;
    },
  });
  return found === file.digest;
}

async function holdsBoth(
  store: RepositoryStore,
  path: string,
  file: CacheFile,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const sha256 = createHash('sha256');
  // As git names its objects.
  const sha1 = createHash('sha1').update(`blob ${file.bytes}\0`);
  for await (const chunk of store.io.files.readStream(path)) {
    signal.throwIfAborted();
    sha256.update(chunk);
    sha1.update(chunk);
    onBytes(chunk.length);
  }
  return sha256.digest('hex') === digestHex(file.digest) && sha1.digest('hex') === file.gitSha1;
}

/** Another file system, one without hard links, or a file of another user: then it is copied. */
const cannotLink: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EPERM',
  'EACCES',
  'EMLINK',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
]);

async function tryLink(store: RepositoryStore, from: string, to: string): Promise<boolean> {
  try {
    await store.io.files.link(from, to);
    return true;
  } catch (error) {
    if (cannotLink.has(errorCode(error))) return false;
    throw error;
  }
}

const otherContent = (path: string, file: CacheFile): Problem =>
  errorProblem({
    code: 'store/digest-mismatch',
    summary: 'A file is not what its digest says',
    detail:
      `${path} was to be ${file.path} with ${file.bytes} bytes and ${file.digest}` +
      `${file.gitSha1 === undefined ? '' : ` (git object ${file.gitSha1})`}, and is not. ` +
      'It was not stored.',
    remedy: 'Apply again. If it stays so, the file changes while it is read.',
    retry: 'later',
  });
