// What is remembered of transfers beyond the process: which parts of a file are there, so that the
// next run goes on from them. The ledger keeps it; what moves the bytes only knows this.
import type { Digest } from './digest.ts';
import type { Spans } from './span.ts';

/** A process, told apart from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** In the platform's own unit; null where it cannot be told. */
  readonly start: string | null;
}

/** What a transfer was begun for: people know it by that. */
export interface WantedBy {
  /** metadata.name. */
  readonly model: string;
  /** What clients call it. */
  readonly name: string;
}

/** A file that has not arrived in full. */
export interface UnfinishedTransfer {
  readonly digest: Digest;
  readonly bytes: number;
  /** Canonical reference that it is a file of, and its path there: for people. */
  readonly source: string;
  readonly path: string;
  readonly wantedBy: WantedBy | null;
  /** Where its bytes are. Absolute. */
  readonly partial: string;
  /** Names the version to the server, see OpenedFile; null where it named none. */
  readonly validator: string | null;
  /** In the file as far as this boot of the machine is concerned: a killed process loses none. */
  readonly written: Spans;
  /** On the disk itself: what a power cut leaves. */
  readonly durable: Spans;
  /** Which boot of the machine `written` was of; null where that cannot be told. */
  readonly boot: string | null;
  /** Who works on it; null when nobody does. A process that is gone was killed. */
  readonly process: ProcessMark | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly updatedAt: number;
}

/** What a person asked of a transfer meanwhile; `drop`: nor is what arrived to be kept. */
export type TransferWish = 'stop' | 'drop';

export interface Checksums {
  readonly bytes: number;
  readonly chunkBytes: number;
  /** CRC-32 of each chunk. */
  readonly chunks: readonly number[];
}

/** Every method throws ProblemError when what it is kept in fails. */
export interface TransferJournal {
  readonly find: (digest: Digest) => UnfinishedTransfer | null;
  /**
   * The same, and from now on it is known who works on it: nobody else removes its file. What was
   * asked of whoever did before is void.
   */
  readonly take: (digest: Digest, process: ProcessMark) => UnfinishedTransfer | null;
  /** Whether something was asked; `save` says what. */
  readonly isAsked: (digest: Digest) => boolean;
  /**
   * Called several times a second: survives the process, and may be lost with the machine. Returns
   * what was asked meanwhile, once.
   */
  readonly save: (transfer: UnfinishedTransfer) => TransferWish | null;
  readonly forget: (digest: Digest) => void;
  /** Of a file that was hashed and found right, so that a later damage can be located. */
  readonly keepChecksums: (digest: Digest, checksums: Checksums) => void;
}

/**
 * What can be relied on of an unfinished file. What was only written counts while the machine has
 * not been started anew since: until then the system has it, whatever happened to the process.
 */
export const reliableSpans = (transfer: UnfinishedTransfer, boot: string | null): Spans =>
  boot !== null && transfer.boot === boot ? transfer.written : transfer.durable;
