// What the end of one action means for the record. Pure.
import type { ChangeSetEntry, Outcome } from '../core/changeset.ts';
import type { Desired } from '../core/desired.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import { type Placement, placementKey } from '../core/key.ts';
import { type Made, madeFrom } from '../core/made.ts';
import type { Details } from '../core/observed.ts';
import type { CreateAction, PullAction } from '../core/plan.ts';
import { declared } from './entries.ts';
import type { ActionFacts } from './ledger/steps.ts';

export interface AfterAction {
  readonly desired: Desired;
  /** Learned by the backend on the way. */
  readonly details?: Details | undefined;
  /** The set's entry as it is on record now. */
  readonly entryOf: (at: Placement) => InventoryEntry | null;
}

/** `unknown` may have had one; until that is seen, everything stays on record as it was. */
export const withoutEffect: ReadonlySet<Outcome> = new Set(['failed', 'unknown', 'skipped']);

/** The entry of the action's name afterwards, and what is to be remembered of its digest. */
export function factsAfter(change: ChangeSetEntry, input: AfterAction): ActionFacts {
  const { action, outcome } = change;
  const entry = input.entryOf(action);
  const learned = input.details === undefined ? {} : { details: input.details };
  if (entry === null || withoutEffect.has(outcome)) return { entry, ...learned };
  const placement = input.desired.placements.get(placementKey(action));
  switch (action.kind) {
    case 'pull':
    case 'create': {
      const digest = change.digest ?? action.digest;
      const made = madeBy(action, input.entryOf);
      // Already there when its turn came, and never seen by us: somebody else was faster.
      const isFound = entry.digest === null && action.replaces === null;
      const adopted = outcome === 'unchanged' && (entry.adopted || isFound);
      // What we kept in memory was what the name held before.
      const { residency } = digest === action.replaces ? entry : (placement ?? entry);
      const { base } = placement === undefined ? entry : declared(placement);
      const after = { ...entry, base, digest, made, adopted, residency };
      return { entry: after, ...(made === null ? {} : { made }), ...learned };
    }
    case 'evict': {
      // Something else that was met under the name was left alone, and has a digest.
      const gone = change.digest === null && placement === undefined;
      return { entry: gone ? null : entry, ...learned };
    }
    case 'unload':
      return {
        entry: { ...entry, residency: placement?.residency ?? entry.residency },
        ...learned,
      };
    case 'load':
    case 'configure':
    case 'restart':
      return { entry, ...learned };
  }
}

/**
 * Engines rewrite what they create, so the ledger remembers what went in. What is pulled is known
 * by its digest, and an alias has that of its target, whose record it must not replace.
 */
function madeBy(action: PullAction | CreateAction, entryOf: AfterAction['entryOf']): Made | null {
  if (action.kind === 'pull' || action.build.kind === 'alias') return null;
  const { build, artifact } = action;
  const base = build.kind === 'derive' ? entryOf({ ...action, name: build.base }) : null;
  return madeFrom(build, artifact, base?.digest ?? null);
}
