// Events that a run tells while it goes on, for progress bars, event lines and `--json`. Nothing
// decides by them.
import type { ChangeSetEntry } from './changeset.ts';
import type { Action, ActionId, Plan } from './plan.ts';
import type { Problem } from './problem.ts';

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
    }
  | {
      readonly kind: 'retrying';
      readonly action: ActionId;
      readonly problem: Problem;
      readonly delayMs: number;
    }
  | { readonly kind: 'finished'; readonly entry: ChangeSetEntry };

export type Report = (event: ProgressEvent) => void;
