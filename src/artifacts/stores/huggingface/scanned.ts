// What a look at the cache gives: plain values, for planning and for showing. Sizes are bytes.
import type { Problem } from '../../../core/problem.ts';
import type { RepositoryName } from './layout.ts';

export interface CachedFile {
  /** Within the snapshot, with forward slashes. */
  readonly path: string;
  /** Of what it leads to; null when that is not there. */
  readonly bytes: number | null;
  /** The name of the blob that it is a link to; null for a file that stands here itself. */
  readonly blob: string | null;
}

export interface CachedRevision {
  readonly commit: string;
  /** Branches and tags that lead here, sorted. */
  readonly refs: readonly string[];
  /** Sorted by path. */
  readonly files: readonly CachedFile[];
}

export interface CachedBlob {
  /** The ETag: sha256, or a git object id. Not verified. */
  readonly name: string;
  readonly bytes: number;
  /** How many files of all snapshots are links to it. */
  readonly links: number;
  /** Removing it frees nothing: the bytes have another name, here or elsewhere. */
  readonly isShared: boolean;
}

/** What some tool has not finished, or left behind. */
export interface CachedPartial {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** A branch or tag. */
export interface Ref {
  readonly name: string;
  /** Null when it says no commit. */
  readonly commit: string | null;
}

export interface CachedRepository extends RepositoryName {
  /** Absolute path of its folder. */
  readonly path: string;
  readonly revisions: readonly CachedRevision[];
  /** Sorted by name. */
  readonly blobs: readonly CachedBlob[];
  readonly partials: readonly CachedPartial[];
  /** Of commits that are not here: an update was cut off, or files were removed. */
  readonly danglingRefs: readonly Ref[];
  /** Blobs, files that stand in snapshots themselves, and partials. */
  readonly bytes: number;
  /** All of it was seen. If not, nothing follows from what is missing here. */
  readonly complete: boolean;
  /** What is not as it should be: dangling links, refs without a snapshot, foreign links. */
  readonly warnings: readonly Problem[];
}

export interface CacheScan {
  /** Absolute path of the cache folder. */
  readonly path: string;
  /** Sorted by folder name. */
  readonly repositories: readonly CachedRepository[];
  readonly complete: boolean;
}
