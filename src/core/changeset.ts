// What executing a plan did. Outcomes are past participles because they are results; `unknown`
// means that the effect may or may not have happened, and keeps everything on record.
import type { Digest } from './digest.ts';
import { heldExitCode } from './held.ts';
import type { Action, ActionKind, Plan } from './plan.ts';
import type { Problem } from './problem.ts';

export type Outcome =
  | 'pulled'
  | 'created'
  | 'configured'
  | 'restarted'
  | 'loaded'
  | 'unloaded'
  | 'evicted'
  | 'unchanged'
  | 'skipped'
  | 'failed'
  | 'unknown';

export const outcomeOf = {
  pull: 'pulled',
  create: 'created',
  configure: 'configured',
  restart: 'restarted',
  load: 'loaded',
  unload: 'unloaded',
  evict: 'evicted',
} as const satisfies Record<ActionKind, Outcome>;

export interface ChangeSetEntry {
  readonly action: Action;
  readonly outcome: Outcome;
  /** The engine's digest of the name afterwards; null where the action leaves none. */
  readonly digest: Digest | null;
  readonly downloadedBytes: number;
  readonly durationMs: number;
  readonly problem?: Problem;
}

/**
 * Problems of actions that a person must settle, as if they had been held: what upstream serves
 * under the reference is not what was locked.
 */
const heldProblems: ReadonlySet<string> = new Set([
  'backend/upstream-moved',
  'transfer/changed-in-place',
]);

/** The exit code of `apply`: a failed action wins over what is held, and that over success. */
export function exitCodeOf(plan: Plan, changes: ChangeSet | null): 0 | 3 | 6 | 130 {
  if (changes?.interrupted) return 130;
  const entries = changes?.entries ?? [];
  const moved = entries.some(
    ({ problem }) => problem !== undefined && heldProblems.has(problem.code),
  );
  const failed = entries.some(
    ({ outcome, problem }) =>
      (outcome === 'failed' || outcome === 'unknown') &&
      !(problem !== undefined && heldProblems.has(problem.code)),
  );
  if (failed) return 3;
  const codes = plan.held.map(({ because }) => heldExitCode(because));
  if (moved || codes.includes(6)) return 6;
  return codes.includes(3) ? 3 : 0;
}

export interface ChangeSet {
  readonly plan: Plan;
  readonly entries: readonly ChangeSetEntry[];
  /** True when a signal ended the run before everything had been started. */
  readonly interrupted: boolean;
}

/** An engine was started, and what it holds can be seen now. */
export const hasRevealed = (changes: ChangeSet | null): boolean =>
  changes !== null &&
  !changes.interrupted &&
  changes.entries.some(
    ({ action, outcome }) =>
      action.kind === 'restart' && action.reveals && outcome === outcomeOf.restart,
  );
