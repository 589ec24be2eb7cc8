// What looking at the bytes of models found: each file in each store against the lock. What could not
// be looked at is told as such, never as right. Plain data.
import type { Digest } from './digest.ts';
import type { Placement } from './key.ts';
import type { Problem } from './problem.ts';
import type { Spans } from './span.ts';

/** How a file looked when it was hashed and found right. */
export interface VerifiedFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since the epoch, with fractions where the file system keeps them. */
  readonly modifiedAt: number;
  readonly inode: string;
  readonly digest: Digest;
  /** When it was hashed. Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * `swapped`: the bytes of another file that is known; `zeroed`: a long run of zeros;
 * `changed`: any other bytes; `unreadable`: the disk reports an error.
 */
export type Damage = 'missing' | 'truncated' | 'swapped' | 'zeroed' | 'changed' | 'unreadable';

/** A file that must hold certain bytes, for the sake of names that engines serve. */
export interface StoredFile {
  /** Absolute, and no link. */
  readonly path: string;
  /** Within the artifact, or what it is to the store. */
  readonly file: string;
  readonly digest: Digest;
  readonly bytes: number;
  /** For people: `the Hugging Face cache`. */
  readonly store: string;
  /** metadata.name of the Models, sorted. */
  readonly models: readonly string[];
  /** Who is served from it; none for what only waits to be used. */
  readonly names: readonly Placement[];
}

export interface DamageFound {
  readonly damage: Damage;
  /** The chunks that are wrong; null where checksums of the right ones are not known. */
  readonly spans: Spans | null;
  /** sha256 of what is there; null where it could not be read. */
  readonly found: Digest | null;
  /** One sentence without the path. */
  readonly detail: string;
}

export type Verdict =
  /** `hashed`: read now, else it looks as when it was hashed last. */
  | { readonly status: 'intact'; readonly hashed: boolean }
  | ({ readonly status: 'damaged' } & DamageFound)
  | { readonly status: 'unchecked'; readonly problem: Problem };

export interface VerifiedCopy extends StoredFile {
  readonly verdict: Verdict;
}

/** A served name whose files could not be found out, or that is not there. */
export interface UnverifiedName {
  readonly model: string;
  /** Null where nothing is served here under it. */
  readonly placement: Placement | null;
  /** `absent`: it was never brought here, so nothing of it can be wrong. */
  readonly status: 'absent' | 'missing' | 'unchecked';
  readonly problem: Problem;
}

/** How far a look at files is. */
export interface HashProgress {
  readonly completedFiles: number;
  readonly totalFiles: number;
  readonly completedBytes: number;
  readonly totalBytes: number;
}

/** What became of a damaged file. */
export interface Repair {
  readonly copy: VerifiedCopy;
  /** `planned`: nothing was done, as was asked. */
  readonly outcome: 'repaired' | 'failed' | 'planned';
  /** Over the network: what was fetched, or would be. Of files of one digest the first has it all. */
  readonly downloadBytes: number;
  readonly problem: Problem | null;
  /** Names that are in memory: their engine goes on with the bytes of before. */
  readonly loaded: readonly Placement[];
}
