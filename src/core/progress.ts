// Events that a run tells while it goes on, for progress bars, event lines and `--json`. Nothing
// decides by them.
import type { ChangeSetEntry } from './changeset.ts';
import type { Condition } from './condition.ts';
import type { Digest } from './digest.ts';
import type { Action, ActionId, Plan } from './plan.ts';
import type { Problem } from './problem.ts';

/** Why nothing arrives for a while, on purpose. */
export interface Wait {
  /**
   * `asked`: a server wants to be left alone. `paused`: a bandwidth window lets nothing pass.
   * `bandwidth`: the limit is used up for a while. `retry`: what failed is tried again then.
   */
  readonly because: 'asked' | 'paused' | 'bandwidth' | 'retry';
  /** Milliseconds since the epoch; null where nobody knows. */
  readonly until: number | null;
  /** Which server, or what failed: for people. */
  readonly detail: string;
}

export type OnWait = (wait: Wait) => void;

/** Shorter waits than this are nothing to tell. */
export const toldWaitMsMin = 1_000;

/** One file of an action, while it is on its way. */
export interface FileProgress {
  readonly path: string;
  readonly completedBytes: number;
  readonly totalBytes: number;
}

export type ProgressEvent =
  /** Something worth one line to a person: which engine was chosen, a lock that was written. */
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'planned'; readonly plan: Plan }
  | { readonly kind: 'started'; readonly action: Action; readonly attempt: number }
  | {
      readonly kind: 'bytes';
      readonly action: ActionId;
      readonly completedBytes: number;
      readonly totalBytes: number;
      /** The one that is on its way just now. */
      readonly file?: FileProgress;
    }
  | { readonly kind: 'waiting'; readonly action: ActionId; readonly wait: Wait }
  | {
      readonly kind: 'retrying';
      readonly action: ActionId;
      readonly problem: Problem;
      readonly delayMs: number;
    }
  | { readonly kind: 'finished'; readonly entry: ChangeSetEntry }
  /** Of a loop: another revision of what is declared is followed from now on. */
  | { readonly kind: 'revision'; readonly revision: Revision }
  /** Of a loop: a Model stands in another way than before. */
  | { readonly kind: 'condition'; readonly condition: Condition };

export interface Revision {
  readonly set: string;
  readonly digest: Digest;
  /** Names of Models. */
  readonly models: number;
  /** Files that changed, as far as is known; empty for the first, and where only the lock did. */
  readonly files: readonly string[];
}

export type Report = (event: ProgressEvent) => void;
