// What modelctl chose not to do, and why. Nothing is left out silently: each is listed in the
// plan, and each reason has its exit code for `apply` (design: commands and contracts).
import type { Origin } from './problem.ts';

export type HeldBecause =
  | 'unreachable'
  | 'conflict'
  | 'partial-render'
  | 'does-not-fit'
  | 'in-use'
  | 'unsupported'
  | 'unverifiable'
  | 'upstream-moved'
  | 'needs-approval'
  | 'needs-privilege'
  | 'guard';

export interface Held {
  readonly host: string;
  readonly backend: string;
  readonly name: string;
  /** metadata.name of the Model that wanted it, or that it was made for. */
  readonly model: string;
  readonly because: HeldBecause;
  /** One sentence: what was not done and why. */
  readonly detail: string;
  /** The command or edit that would move it. */
  readonly remedy: string;
  readonly origin?: Origin;
}

/** Refusals need a person (6); the others may pass by themselves (3). */
const refusals: ReadonlySet<HeldBecause> = new Set([
  'needs-approval',
  'conflict',
  'guard',
  'unverifiable',
  'upstream-moved',
]);

export const heldExitCode = (because: HeldBecause): 3 | 6 => (refusals.has(because) ? 6 : 3);
