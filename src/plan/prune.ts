// What left the set: which of it may go, which stays, and why. Only this set's own inventory is
// looked at, and every doubt keeps a model: nothing here evicts on a guess. Each name is judged for
// itself; see leaving.ts for what they mean to one another.
import { compareText } from '../core/canonical.ts';
import { staysLoaded } from '../core/desired.ts';
import { shortDigest } from '../core/digest.ts';
import type { HeldBecause } from '../core/held.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import { type Placement, type PlacementKey, placementKey } from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import type { Judged } from './judge.ts';
import { suspended, suspensionOf } from './left-alone.ts';
import { stayingNames } from './residency.ts';
import { sharingOf } from './sharing.ts';
import { isInScope, sightOf, type World } from './world.ts';

/** An entry that may be evicted as far as it alone is concerned; guards come after. */
export interface Victim {
  readonly entry: InventoryEntry;
  readonly observed: ObservedPlacement;
  readonly unloadFirst: boolean;
  /** Another name that is unloaded in this plan, and with it the runner of this one. */
  readonly sharer: Placement | null;
}

export type LeaverVerdict =
  | { readonly kind: 'gone' }
  /** Another set owns it too; what only we keep in memory is given back before that. */
  | { readonly kind: 'released'; readonly unload: ObservedPlacement | null }
  | {
      readonly kind: 'leftover';
      readonly observed: ObservedPlacement;
      readonly remedy: string;
    }
  | {
      readonly kind: 'held';
      readonly because: HeldBecause;
      readonly detail: string;
      readonly remedy: string;
    }
  /** Loaded, and not by us under this name. */
  | { readonly kind: 'busy'; readonly observed: ObservedPlacement }
  | { readonly kind: 'victim'; readonly victim: Victim };

export interface Leaver {
  readonly entry: InventoryEntry;
  readonly verdict: LeaverVerdict;
}

/** Sorted by key. What they mean to one another, and to what comes in their place, is asked later. */
export function judgeLeavers(world: World, judged: readonly Judged[]): readonly Leaver[] {
  const { desired, options } = world;
  const staying = stayingNames(judged);
  if (options.targets !== null) return [];
  return [...world.owned]
    .filter(([key, { model }]) => !desired.placements.has(key) && !desired.heldModels.has(model))
    .filter(([, entry]) => isInScope(world, entry))
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, entry]) => ({ entry, verdict: judgeLeaver(world, entry, staying) }));
}

type Staying = ReturnType<typeof stayingNames>;

/** Not there, or put on record for an action that never began: whatever is there is not ours. */
export const isGone = (world: World, entry: InventoryEntry): boolean =>
  sightOf(world, entry).kind === 'absent' ||
  (entry.digest === null && !world.ledger.interrupted.has(placementKey(entry)));

function judgeLeaver(world: World, entry: InventoryEntry, staying: Staying): LeaverVerdict {
  const sight = sightOf(world, entry);
  if (sight.kind === 'absent' || isGone(world, entry)) return { kind: 'gone' };
  if (sight.kind === 'unreachable') {
    if (!world.options.prune) return { kind: 'gone' };
    return hold('unreachable', `It left the set, but ${lowerFirst(sight.detail)}`, sight.remedy);
  }
  const { observed } = sight;
  const suspension = suspensionOf(world, entry.model);
  if (suspension !== undefined) {
    const { because, detail, remedy } = suspended(suspension);
    return hold(because, `It left the set. ${detail}`, remedy);
  }
  if (entry.prune === 'Keep') {
    return leftover(observed, 'lifecycle.prune was Keep: remove it with the engine itself.');
  }
  if (!world.options.prune) return leftover(observed, 'modelctl apply --prune');
  return judgeVictim(world, entry, observed, staying);
}

function judgeVictim(
  world: World,
  entry: InventoryEntry,
  observed: ObservedPlacement,
  staying: Staying,
): LeaverVerdict {
  const { desired, ledger } = world;
  const key = placementKey(entry);
  if (!desired.complete || ledger.mode === 'read-only') {
    const why = desired.incompleteBecause ?? 'The ledger can only be read.';
    return hold(
      'partial-render',
      `It left the set, but nothing is pruned: ${why}`,
      'Apply all files of the set together.',
    );
  }
  if (isOwnedByOthers(world, key, observed)) {
    return judgeReleased(world, entry, observed, staying);
  }
  if (entry.digest !== observed.digest) {
    const why = ledger.interrupted.has(key)
      ? 'and an earlier run was cut off there, so nobody knows who put it there'
      : 'which modelctl did not put there';
    return hold(
      'conflict',
      `It left the set, but holds ${shortDigest(observed.digest)}, ${why}.`,
      'Remove it with the engine itself if it is not wanted.',
    );
  }
  const approval = entry.adopted || entry.prune === 'Confirm';
  if (approval && !ledger.approved.has(key)) {
    const why = entry.adopted
      ? 'modelctl found it and did not bring it'
      : 'lifecycle.prune is Confirm';
    return hold('needs-approval', `It left the set; ${why}.`, `modelctl approve ${entry.name}`);
  }
  return judgeMemory(world, entry, observed, staying);
}

/** What another set has on record and is no longer there, it does not own. */
const isOwnedByOthers = (
  { otherOwners }: World,
  key: PlacementKey,
  observed: ObservedPlacement,
): boolean => (otherOwners.get(key) ?? []).some(({ digest }) => digest === observed.digest);

/** The other set did not put it into memory, and would leave it there for good. */
function judgeReleased(
  world: World,
  entry: InventoryEntry,
  observed: ObservedPlacement,
  staying: Staying,
): LeaverVerdict {
  const { loaded } = observed;
  const isKeptByUs = staysLoaded(entry.residency) && entry.digest === observed.digest;
  if (!isKeptByUs || loaded?.expiresAt !== 'never') return { kind: 'released', unload: null };
  const { stayingFor, keptUnderName } = sharingOf(world, entry, observed, staying);
  const isShared = loaded.ownHold !== true && stayingFor !== null;
  if (keptUnderName || isShared) return { kind: 'released', unload: null };
  if (loaded.inUse !== true) return { kind: 'released', unload: observed };
  const detail = 'It left the set and stays for another one, but is loaded and in use.';
  return hold('in-use', detail, 'It is given up once it is idle.');
}

/** What we keep in memory is given back first; what others loaded may be in use by them. */
function judgeMemory(
  world: World,
  entry: InventoryEntry,
  observed: ObservedPlacement,
  staying: Staying,
): LeaverVerdict {
  const victim = (unloadFirst: boolean): LeaverVerdict => ({
    kind: 'victim',
    victim: { entry, observed, unloadFirst, sharer: null },
  });
  const { loaded } = observed;
  if (loaded === null) return victim(false);
  const { contentWanted, stayingFor } = sharingOf(world, entry, observed, staying);
  const keptByUs = staysLoaded(entry.residency);
  // What is kept under the very name goes with nothing else, whoever wants the same content.
  if (loaded.ownHold === true) {
    return keptByUs && loaded.inUse !== true ? victim(true) : { kind: 'busy', observed };
  }
  if (stayingFor === 'content' || (contentWanted && !keptByUs)) return victim(false);
  if (loaded.inUse !== true) {
    if (stayingFor === 'weights') return victim(false);
    if (keptByUs) return victim(true);
  }
  return { kind: 'busy', observed };
}

export const hold = (because: HeldBecause, detail: string, remedy: string): LeaverVerdict => ({
  kind: 'held',
  because,
  detail,
  remedy,
});

export const leftover = (observed: ObservedPlacement, remedy: string): LeaverVerdict => ({
  kind: 'leftover',
  observed,
  remedy,
});

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
