// The planner's view of its inputs: lookups over desired, observed and ledger. Everything here is
// a read; nothing decides.
import { compareText } from '../core/canonical.ts';
import type { Desired, DesiredPlacement } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import type { InventoryEntry, LedgerView } from '../core/inventory.ts';
import { backendKey, type Placement, type PlacementKey, placementKey } from '../core/key.ts';
import type { Made } from '../core/made.ts';
import type { BackendObservation, Details, Observed, ObservedPlacement } from '../core/observed.ts';
import type { Problem } from '../core/problem.ts';

/** What is known of a name: an engine that does not answer says nothing about what it holds. */
export type Sight =
  | { readonly kind: 'there'; readonly observed: ObservedPlacement }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreachable'; readonly detail: string; readonly remedy: string };

export interface PlanOptions {
  readonly prune: boolean;
  /** Served names or Model names whose foreign content may be replaced. */
  readonly takeOver: ReadonlySet<string>;
  readonly allowEvictions: number | null;
  /** Model names; null for all. */
  readonly targets: ReadonlySet<string> | null;
  readonly refreshOnly: boolean;
  /** By `backendKey`: nothing on other engines is judged; null for all. */
  readonly backends: ReadonlySet<string> | null;
  /** Null for a run that a person began: then nothing is given up. */
  readonly loop: LoopKnowledge | null;
}

/** What a loop has learned of its own runs. */
export interface LoopKnowledge {
  /** What did not come right in three runs, and which field that was. */
  readonly nonConverging: ReadonlyMap<PlacementKey, string>;
}

export interface PlanInput {
  readonly desired: Desired;
  readonly observed: Observed;
  readonly ledger: LedgerView;
  readonly options: PlanOptions;
}

export interface World extends PlanInput {
  /** This set's entries. */
  readonly owned: ReadonlyMap<PlacementKey, InventoryEntry>;
  /** Entries of other sets, in the order of the sets; not of what they have never seen there. */
  readonly otherOwners: ReadonlyMap<PlacementKey, readonly InventoryEntry[]>;
  /** By `backendKey`: engines seen as they are after a restart of ours; absent: none. */
  readonly restarting?: ReadonlySet<string>;
}

export function worldOf(input: PlanInput): World {
  const owned = new Map<PlacementKey, InventoryEntry>();
  const otherOwners = new Map<PlacementKey, readonly InventoryEntry[]>();
  for (const entry of input.ledger.inventory) {
    const key = placementKey(entry);
    if (entry.set === input.desired.set) owned.set(key, entry);
    else if (entry.digest !== null)
      otherOwners.set(key, [...(otherOwners.get(key) ?? []), entry].toSorted(bySet));
  }
  return { ...input, owned, otherOwners };
}

const bySet = (a: InventoryEntry, b: InventoryEntry): number => compareText(a.set, b.set);

/** Whether this plan is about the engine at all. */
export const isInScope = ({ options }: World, at: Pick<Placement, 'host' | 'backend'>): boolean =>
  options.backends?.has(backendKey(at)) ?? true;

export const observationOf = (
  world: World,
  placement: Pick<Placement, 'host' | 'backend'>,
): BackendObservation | undefined => world.observed.backends.get(backendKey(placement));

/** In the order of the engines' keys. */
export const engineWarnings = ({ observed }: World): readonly Problem[] =>
  [...observed.backends]
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([, backend]) => (backend.kind === 'reachable' ? (backend.warnings ?? []) : []));

export function sightOf(world: World, placement: Placement): Sight {
  const backend = observationOf(world, placement);
  const remedy = 'It is tried again with the next run.';
  if (backend === undefined)
    return { kind: 'unreachable', detail: 'It was not looked at.', remedy };
  if (backend.kind === 'unreachable') {
    const { problem } = backend;
    return { kind: 'unreachable', detail: problem.detail, remedy: problem.remedy ?? remedy };
  }
  const observed = backend.placements.get(placement.name);
  return observed === undefined ? { kind: 'absent' } : { kind: 'there', observed };
}

/** Of the name itself, if it is on record: other recipes may come to the same digest. */
export function madeOf(world: World, at: Placement, digest: Digest): Made | undefined {
  const entry = world.owned.get(placementKey(at));
  const own = entry?.digest === digest ? entry.made : null;
  return own ?? world.ledger.made.get(backendKey(at))?.get(digest);
}

export const detailsOf = (
  world: World,
  at: Placement,
  observed: ObservedPlacement,
): Details | undefined =>
  observed.details ?? world.ledger.details.get(backendKey(at))?.get(observed.digest);

/** The placement of the same backend that a derived name or an alias is built on. */
export function foundationOf(
  desired: Desired,
  placement: DesiredPlacement,
): DesiredPlacement | undefined {
  const { build } = placement;
  if (build.kind === 'source') return undefined;
  const name = build.kind === 'derive' ? build.base : build.of;
  return desired.placements.get(placementKey({ ...placement, name }));
}

/**
 * Whether a run that is on record brought what a name holds now, or was cut off while it did. What
 * was found there may stem from a run of ours too, but nothing says so any more.
 */
export function isOurWork(world: World, key: PlacementKey, digest: Digest): boolean {
  if (world.ledger.interrupted.has(key)) return true;
  const entry = world.owned.get(key);
  return (
    entry !== undefined && entry.digest !== null && !(entry.adopted && entry.digest === digest)
  );
}

/** Which placements must be judged, and built, before which: bases, then derived, then aliases. */
export function buildDepth(desired: Desired, placement: DesiredPlacement): number {
  let depth = 0;
  let at: DesiredPlacement | undefined = placement;
  while (at !== undefined && depth < buildDepthMax) {
    at = foundationOf(desired, at);
    if (at !== undefined) depth += 1;
  }
  return depth;
}

/** An alias of a derived name over its base: nothing is built deeper than that. */
const buildDepthMax = 4;
