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
  | 'guard'
  /** A person asked to leave it alone for a while. */
  | 'suspended'
  /** Others undo again and again what is brought about. */
  | 'contested'
  /** Somebody else changed it, and the Model says to leave that. */
  | 'drift'
  /** Done again and again, with every success, it is still not as it should be. */
  | 'non-converging';

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
  /** Left alone until the Model is edited or resumed: the ledger remembers it. */
  readonly untilEdited?: boolean;
}

/** Refusals need a person (6); the others may pass by themselves (3). */
const refusals: ReadonlySet<HeldBecause> = new Set([
  'needs-approval',
  'conflict',
  'guard',
  'unverifiable',
  'upstream-moved',
]);

/** What a person asked to be left alone is as it should be (0). */
export function heldExitCode(because: HeldBecause): 0 | 3 | 6 {
  if (because === 'suspended') return 0;
  return refusals.has(because) ? 6 : 3;
}
