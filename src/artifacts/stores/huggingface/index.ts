// The Hugging Face cache as a store: the one file to know for who uses it. Its layout is that of
// huggingface_hub and is shared with it and with llama.cpp, so all of it may be read, and only what
// was put from here is removed again.
import type { Digest } from '../../../core/digest.ts';
import {
  blobOf,
  blobsNamed,
  type FileOfCommit,
  type FoundBlob,
  findBlob,
  findFile,
  type NamedFile,
} from './find.ts';
import { cacheFolder } from './folder.ts';
import { readRef } from './refs.ts';
import { type Removed, type RemoveRequest, remove } from './remove.ts';
import { scanCache } from './scan.ts';
import type { CacheScan } from './scanned.ts';
import { type CacheStore, inRepository } from './store.ts';
import { type PutRequest, type PutResult, put } from './write.ts';

export interface HuggingFaceCache {
  /** Absolute path of the cache folder; it need not be there yet. */
  readonly path: string;
  /**
   * Stores files of a repository at a commit: verified bytes, names in the snapshot, the ref last.
   * Safe to repeat and beside other writers; writes nothing where all is there. Throws ProblemError.
   */
  readonly put: (request: PutRequest) => Promise<PutResult>;
  /** Path of a blob of this sha256 and size in any repository, not verified; null without. Throws ProblemError. */
  readonly findBlob: (digest: Digest, bytes: number) => Promise<string | null>;
  /** Every blob of that name, whatever is in it, and where to make another. Throws ProblemError. */
  readonly blobsNamed: (digest: Digest) => Promise<readonly FoundBlob[]>;
  /** What a snapshot has for a file, however its blob is named; null without. Throws ProblemError. */
  readonly blobOf: (file: FileOfCommit) => Promise<FoundBlob | null>;
  /** A file of a commit under its name in the snapshot, not verified. Throws ProblemError. */
  readonly findFile: (file: FileOfCommit) => Promise<NamedFile | null>;
  /** The commit that a branch or tag leads to; null without. Throws node's own errors. */
  readonly readRef: (repository: string, name: string) => Promise<string | null>;
  /** What is there, whoever put it there, without hashing. Throws ProblemError. */
  readonly scan: () => Promise<CacheScan>;
  /**
   * Removes what was put at a commit; what others need, changed or are at work on stays and is
   * said. `planRemoval` (plan-removal.ts) tells it beforehand from a scan. Throws ProblemError.
   */
  readonly remove: (request: RemoveRequest) => Promise<Removed>;
}

/** The cache that the environment names, or the one at `path` (absolute). Touches no disk. */
export function huggingFaceCache(
  io: CacheStore['io'],
  path: string = cacheFolder(io.environment),
): HuggingFaceCache {
  const store: CacheStore = { path, io };
  return {
    path,
    put: (request) => put(store, request),
    findBlob: (digest, bytes) => findBlob(store, digest, bytes),
    blobsNamed: (digest) => blobsNamed(store, digest),
    blobOf: (file) => blobOf(store, file),
    findFile: (file) => findFile(store, file),
    readRef: (repository, name) => readRef(inRepository(store, repository), name),
    scan: () => scanCache(store),
    remove: (request) => remove(store, request),
  };
}
