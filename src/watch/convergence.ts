// Which placements were done over and over, with every success, and are not right all the same? An
// engine that normalises what it is given, or refuses it silently, would else be changed for ever.
// Pure.
import type { ChangeSet } from '../core/changeset.ts';
import type { Desired } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import { fieldChanges } from '../core/field-change.ts';
import { backendKey, type PlacementKey, placementKey } from '../core/key.ts';
import type { Observed } from '../core/observed.ts';
import type { Action, Plan } from '../core/plan.ts';
import { wantedDigest } from '../core/wanted.ts';

interface Attempts {
  readonly wanted: Digest;
  /** What was done, and why. */
  readonly action: string;
  readonly field: string;
  readonly count: number;
}

/** By placement; what came right is not in it. */
export type Convergence = ReadonlyMap<PlacementKey, Attempts>;

const appliesMax = 3;

export function afterApply(
  before: Convergence,
  changes: ChangeSet,
  { desired, observed }: { readonly desired: Desired; readonly observed: Observed },
): Convergence {
  const after = new Map(before);
  for (const { action, outcome } of changes.entries) {
    const key = placementKey(action);
    const placement = desired.placements.get(key);
    if (placement === undefined || noEffect.has(outcome)) continue;
    const wanted = wantedDigest(placement);
    const signature = `${action.kind} ${action.reason} ${action.because}`;
    const known = before.get(key);
    // Of several actions on one name the last is the one that did not help.
    const isSame = known?.wanted === wanted && known.action === signature;
    const field = fieldOf(action, desired, observed);
    after.set(key, { wanted, action: signature, field, count: isSame ? known.count + 1 : 1 });
  }
  return after;
}

const noEffect: ReadonlySet<string> = new Set(['failed', 'unknown', 'skipped']);

/** What a look at some engines finds nothing to do about has come right. */
export function afterLook(before: Convergence, plan: Plan, backends: ReadonlySet<string>) {
  if (before.size === 0) return before;
  const open = new Set([...plan.actions, ...plan.held].map(placementKey));
  return new Map(
    [...before].filter(([key]) => {
      const at = key.slice(0, key.lastIndexOf('|'));
      return !backends.has(at) || open.has(key);
    }),
  );
}

/** What is given up, and the field that stays as it was: see `LoopKnowledge`. */
export function nonConverging(
  convergence: Convergence,
  desired: Desired,
): ReadonlyMap<PlacementKey, string> {
  const given = new Map<PlacementKey, string>();
  for (const [key, { count, wanted, field }] of convergence) {
    const placement = desired.placements.get(key);
    if (placement === undefined || count < appliesMax) continue;
    if (wantedDigest(placement) === wanted) given.set(key, field);
  }
  return given;
}

function fieldOf(action: Action, desired: Desired, { backends }: Observed): string {
  const seen = backends.get(backendKey(action));
  const there = seen?.kind === 'reachable' ? (seen.placements.get(action.name) ?? null) : null;
  const placement = desired.placements.get(placementKey(action)) ?? null;
  const [change] = fieldChanges(action, placement, there);
  return change?.field ?? 'it';
}
