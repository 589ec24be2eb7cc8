// One line of what modelctl did on this machine, as the ledger keeps it. For people only: nothing
// is decided by it.
import type { Digest } from './digest.ts';
import type { Placement } from './key.ts';

export interface HistoryEntry extends Placement {
  /** When it ended, or began if that was never recorded. Milliseconds since the epoch. */
  readonly at: number;
  readonly set: string;
  readonly model: string;
  /** As it was called by the version that wrote it: an action, its reason, its outcome. */
  readonly kind: string;
  readonly reason: string;
  readonly outcome: string;
  /** Running now, or cut off and not looked at again since. */
  readonly open: boolean;
  readonly replaced: Digest | null;
  /** Under the name afterwards. */
  readonly digest: Digest | null;
  readonly downloadedBytes: number;
  /** As planned: taken, or freed when negative. Null where nobody knew. */
  readonly diskBytes: number | null;
  readonly durationMs: number;
  readonly problemCode: string | null;
}
