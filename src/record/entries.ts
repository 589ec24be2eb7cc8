// The inventory of one set, brought up to what is declared and seen now. Pure. Only what the plan
// found as wanted is taken in: content that stands in the way of a wanted name is not ours.
import { type Desired, type DesiredPlacement, staysLoaded } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import { type InventoryEntry, type LedgerView, wasFound } from '../core/inventory.ts';
import { backendKey, type Placement, type PlacementKey, placementKey } from '../core/key.ts';
import type { Observed, ObservedPlacement } from '../core/observed.ts';
import type { Action, CreateAction, Plan, PullAction } from '../core/plan.ts';

export interface RecordInput {
  readonly plan: Plan;
  /** Entries of other sets than this one's are never touched. */
  readonly desired: Desired;
  /** As the plan saw it, before any action. */
  readonly observed: Observed;
  readonly ledger: Pick<LedgerView, 'inventory' | 'interrupted' | 'contested'>;
}

export const isBuild = (action: Action): action is PullAction | CreateAction =>
  action.kind === 'pull' || action.kind === 'create';

/** What an engine that answered has under a name; `unknown` when it did not answer. */
export function seen(observed: Observed, at: Placement): ObservedPlacement | 'nothing' | 'unknown' {
  const backend = observed.backends.get(backendKey(at));
  if (backend?.kind !== 'reachable') return 'unknown';
  return backend.placements.get(at.name) ?? 'nothing';
}

export const ownEntries = ({
  desired,
  ledger,
}: Pick<RecordInput, 'desired' | 'ledger'>): ReadonlyMap<PlacementKey, InventoryEntry> =>
  new Map(
    ledger.inventory
      .filter((entry) => entry.set === desired.set)
      .map((entry) => [placementKey(entry), entry] as const),
  );

export function currentEntries(input: RecordInput): ReadonlyMap<PlacementKey, InventoryEntry> {
  const { desired } = input;
  const own = ownEntries(input);
  const entries = new Map<PlacementKey, InventoryEntry>();
  for (const [key, entry] of own) {
    const placement = desired.placements.get(key);
    entries.set(key, placement === undefined ? entry : follow(entry, placement, input));
  }
  for (const { placement, digest, adopted } of foundAsWanted(input, own)) {
    const entry = entries.get(placement.key) ?? newEntry(desired.set, placement);
    // Other content than on record: what the old one was made from does not describe it, and that
    // it is in memory is not our doing.
    const { made, residency } =
      entry.digest === digest ? entry : { made: null, residency: placement.residency };
    const { base } = declared(placement);
    entries.set(placement.key, { ...entry, base, digest, made, adopted, residency });
  }
  return entries;
}

/** About to be made, and not seen yet. */
export const newEntry = (set: string, placement: DesiredPlacement): InventoryEntry => ({
  set,
  host: placement.host,
  backend: placement.backend,
  name: placement.name,
  digest: null,
  made: null,
  adopted: false,
  residency: placement.residency,
  ...declared(placement),
});

/** What the manifests say about a name, remembered for when they no longer do. */
export const declared = ({ model, role, prune, build }: DesiredPlacement) => ({
  model,
  role,
  prune,
  base: build.kind === 'derive' ? build.base : build.kind === 'alias' ? build.of : null,
});

const follow = (
  entry: InventoryEntry,
  placement: DesiredPlacement,
  input: RecordInput,
): InventoryEntry => ({
  ...entry,
  ...declared(placement),
  // Of what is there: another one is built first.
  base: entry.base,
  residency:
    !staysLoaded(placement.residency) && isOursToUnload(entry, input)
      ? entry.residency
      : placement.residency,
});

/**
 * That we keep it in memory is forgotten only once it is seen not to be kept there, or only another
 * set keeps it there: until then somebody has to unload it, and this is how the next run knows who.
 */
function isOursToUnload(entry: InventoryEntry, { observed, ledger }: RecordInput): boolean {
  if (!staysLoaded(entry.residency)) return false;
  const there = seen(observed, entry);
  if (there === 'unknown') return true;
  if (there === 'nothing' || there.loaded?.expiresAt !== 'never') return false;
  return !ledger.inventory.some(
    (other) => other.set !== entry.set && keepsLoaded(other, entry, there, observed),
  );
}

/** Under this name or, where an engine has one runner for all of them, under another one. */
function keepsLoaded(
  other: InventoryEntry,
  entry: InventoryEntry,
  there: ObservedPlacement,
  observed: Observed,
): boolean {
  if (!staysLoaded(other.residency) || backendKey(other) !== backendKey(entry)) return false;
  const theirs = seen(observed, other);
  if (typeof theirs === 'string' || theirs.digest !== other.digest || theirs.loaded === null) {
    return false;
  }
  if (other.name === entry.name) return true;
  const weights = there.details?.weights ?? null;
  const isShared =
    theirs.digest === there.digest || (weights !== null && weights === theirs.details?.weights);
  return isShared && there.loaded?.ownHold !== true;
}

interface Found {
  readonly placement: DesiredPlacement;
  readonly digest: Digest;
  readonly adopted: boolean;
}

/** Names that hold what they should, though perhaps not in memory as they should. */
function* foundAsWanted(
  { plan, desired, observed, ledger }: RecordInput,
  own: ReadonlyMap<PlacementKey, InventoryEntry>,
): Iterable<Found> {
  for (const { digest, adopted, ...at } of plan.unchanged) {
    const placement = desired.placements.get(placementKey(at));
    if (placement !== undefined) yield { placement, digest, adopted };
  }
  const builds = new Set(plan.actions.filter(isBuild).map(placementKey));
  const others = Map.groupBy(
    ledger.inventory.filter(({ set }) => set !== desired.set),
    placementKey,
  );
  // A wanted name is in use only once its content is right: otherwise it is held for that.
  const inUse = plan.held.filter(({ because }) => because === 'in-use');
  for (const at of [...plan.actions, ...inUse]) {
    const key = placementKey(at);
    const placement = desired.placements.get(key);
    const there = seen(observed, at);
    if (placement === undefined || builds.has(key) || typeof there === 'string') continue;
    const adopted = wasFound(there.digest, {
      own: own.get(key),
      others: others.get(key) ?? [],
      wasCutOff: ledger.interrupted.has(key),
    });
    yield { placement, digest: there.digest, adopted };
  }
}
