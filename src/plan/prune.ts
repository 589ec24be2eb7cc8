// What left the set: which of it goes, which stays, and why. Only this set's own inventory is
// looked at, and every doubt keeps a model: nothing here evicts on a guess.
import { compareText } from '../core/canonical.ts';
import { staysLoaded } from '../core/desired.ts';
import { shortDigest } from '../core/digest.ts';
import type { Held, HeldBecause } from '../core/held.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import { type Placement, placementKey } from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import type { Leftover } from '../core/plan.ts';
import { sharingOf } from './sharing.ts';
import { sightOf, type World } from './world.ts';

/** An entry that may be evicted as far as it alone is concerned; guards come after. */
export interface Victim {
  readonly entry: InventoryEntry;
  readonly observed: ObservedPlacement;
  readonly unloadFirst: boolean;
}

export interface PruneVerdict {
  readonly victims: readonly Victim[];
  readonly held: readonly Held[];
  readonly leftovers: readonly Leftover[];
  readonly released: readonly Placement[];
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  compareText(a, b);

type EntryVerdict =
  | { readonly kind: 'gone' }
  | { readonly kind: 'released' }
  | { readonly kind: 'leftover'; readonly observed: ObservedPlacement; readonly remedy: string }
  | { readonly kind: 'held'; readonly because: HeldBecause; readonly detail: string; readonly remedy: string }
  | { readonly kind: 'victim'; readonly victim: Victim };

export function judgeLeavers(world: World): PruneVerdict {
  const victims: Victim[] = [];
  const held: Held[] = [];
  const leftovers: Leftover[] = [];
  const released: Placement[] = [];
  if (world.options.targets !== null) return { victims, held, leftovers, released };
  for (const [key, entry] of [...world.owned].toSorted(byKey)) {
    if (world.desired.placements.has(key) || world.desired.heldModels.has(entry.model)) continue;
    const { host, backend, name, model } = entry;
    const verdict = judgeLeaver(world, entry);
    if (verdict.kind === 'victim') victims.push(verdict.victim);
    if (verdict.kind === 'released') released.push({ host, backend, name });
    if (verdict.kind === 'held') {
      const { because, detail, remedy } = verdict;
      held.push({ host, backend, name, model, because, detail, remedy });
    }
    if (verdict.kind === 'leftover') {
      const { digest, bytes } = verdict.observed;
      leftovers.push({ host, backend, name, model, digest, bytes, remedy: verdict.remedy });
    }
  }
  return { victims, held, leftovers, released };
}

function judgeLeaver(world: World, entry: InventoryEntry): EntryVerdict {
  const sight = sightOf(world, entry);
  if (sight.kind === 'absent') return { kind: 'gone' };
  if (sight.kind === 'unreachable') {
    return world.options.prune
      ? hold('unreachable', `It left the set, but ${lowerFirst(sight.detail)}`, 'It is tried again with the next run.')
      : { kind: 'gone' };
  }
  const { observed } = sight;
  if (entry.prune === 'Keep') {
    return leftover(observed, 'lifecycle.prune was Keep: remove it with the engine itself.');
  }
  if (!world.options.prune) return leftover(observed, 'modelctl apply --prune');
  return judgeVictim(world, entry, observed);
}

function judgeVictim(
  world: World,
  entry: InventoryEntry,
  observed: ObservedPlacement,
): EntryVerdict {
  const { desired, ledger, otherOwners } = world;
  const key = placementKey(entry);
  if (!desired.complete || ledger.mode === 'read-only') {
    const why = desired.incompleteBecause ?? 'The ledger can only be read.';
    return hold('partial-render', `It left the set, but nothing is pruned: ${why}`, 'Apply all files of the set together.');
  }
  if (otherOwners.has(key)) return { kind: 'released' };
  if (entry.digest !== observed.digest) {
    return hold(
      'conflict',
      `It left the set, but holds ${shortDigest(observed.digest)}, which modelctl did not put there.`,
      'Remove it with the engine itself if it is not wanted.',
    );
  }
  const approval = entry.adopted || entry.prune === 'Confirm';
  if (approval && !ledger.approved.has(key)) {
    const why = entry.adopted ? 'modelctl found it and did not bring it' : 'lifecycle.prune is Confirm';
    return hold('needs-approval', `It left the set; ${why}.`, `modelctl approve ${entry.name}`);
  }
  return judgeMemory(world, entry, observed);
}

/** What we keep in memory is given back first; what others loaded may be in use by them. */
function judgeMemory(
  world: World,
  entry: InventoryEntry,
  observed: ObservedPlacement,
): EntryVerdict {
  const victim = (unloadFirst: boolean): EntryVerdict => ({
    kind: 'victim',
    victim: { entry, observed, unloadFirst },
  });
  const { loaded } = observed;
  if (loaded === null) return victim(false);
  const { contentWanted, stayingFor } = sharingOf(world, entry, observed);
  const keptByUs = staysLoaded(entry.residency);
  if (stayingFor === 'content' || (contentWanted && !keptByUs)) return victim(false);
  if (loaded.inUse !== true) {
    if (stayingFor === 'weights') return victim(false);
    if (keptByUs) return victim(true);
  }
  return hold(
    'in-use',
    'It left the set, but is loaded and may be in use.',
    'It is evicted once it is unloaded.',
  );
}

const hold = (because: HeldBecause, detail: string, remedy: string): EntryVerdict => ({
  kind: 'held',
  because,
  detail,
  remedy,
});

const leftover = (observed: ObservedPlacement, remedy: string): EntryVerdict => ({
  kind: 'leftover',
  observed,
  remedy,
});

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
