// What the thread that writes and hashes files is told, and what it answers. Bytes go through one
// piece of shared memory, cut into slots: the main thread fills a slot, the other one empties it.
import type { Spans } from '../core/span.ts';

/** Small enough that little is lost with the process, large enough that messages are few. */
export const slotBytes = 256 * 1024;
export const slotsMax = 32;

export interface AssemblyMemory {
  readonly slots: SharedArrayBuffer;
}

export type AssemblyRequest =
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly path: string;
      /** `read`: hashed only. */
      readonly mode: 'read' | 'write';
      readonly bytes: number;
      readonly chunkBytes: number;
      readonly present: Spans;
    }
  | {
      readonly kind: 'piece';
      readonly id: number;
      readonly slot: number;
      readonly start: number;
      readonly length: number;
    }
  /** Answered when everything before it is on the disk itself. */
  | { readonly kind: 'sync'; readonly id: number }
  /** Answered when the whole file is hashed and on the disk. */
  | { readonly kind: 'finish'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export type AssemblyReply =
  | { readonly kind: 'opened'; readonly id: number }
  | {
      readonly kind: 'written';
      readonly id: number;
      readonly slot: number;
      readonly start: number;
      readonly length: number;
    }
  | { readonly kind: 'hashed'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'synced'; readonly id: number }
  | {
      readonly kind: 'finished';
      readonly id: number;
      readonly hex: string;
      readonly chunks: readonly number[];
    }
  | { readonly kind: 'closed'; readonly id: number }
  /** Nothing more is done to the file; slots that still come are given back. */
  | { readonly kind: 'failed'; readonly id: number; readonly error: FailedCall }
  /** A piece that came after a failure. */
  | { readonly kind: 'dropped'; readonly id: number; readonly slot: number };

/** What is left of a system error on its way between threads. */
export interface FailedCall {
  readonly message: string;
  readonly code: string;
}
