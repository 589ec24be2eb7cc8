// What takes disk of what has not arrived, or has not been taken up yet: one for each file.
import type { Digest } from './digest.ts';
import type { WantedBy } from './transfer.ts';

/**
 * `running`: a living process works on it. `partial`: nobody does, and the next run goes on from
 * there. `missing`: it is on record, and its file is gone. `orphan`: a file that nothing is known
 * of. `staged`: it has arrived, and waits for the run that needs it.
 */
export type TransferState = 'running' | 'partial' | 'missing' | 'orphan' | 'staged';

export interface SurveyedTransfer {
  readonly digest: Digest;
  readonly state: TransferState;
  /** What it is of; null where nothing is known. */
  readonly origin: {
    /** Canonical reference, and the path of the file there. */
    readonly source: string;
    readonly path: string;
    readonly wantedBy: WantedBy | null;
  } | null;
  readonly completedBytes: number;
  /** Null where nobody knows. */
  readonly totalBytes: number | null;
  readonly diskBytes: number;
  /** Absolute. */
  readonly file: string;
  /** Of the one that works on it. */
  readonly pid: number | null;
  /** Milliseconds since the epoch; null where it is not known. */
  readonly startedAt: number | null;
  readonly updatedAt: number;
}
