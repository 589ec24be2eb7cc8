// Engines that count the models in memory: of more than there are places for, the least urgent stay
// out. Asked for all the same, each would drive out another, and that one the next. Pure.
import { type DesiredPlacement, staysLoaded } from '../core/desired.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import { backendKey, type Placement, placementKey } from '../core/key.ts';
import type { LoadedState } from '../core/observed.ts';
import type { Action, ActionId } from '../core/plan.ts';
import { byUrgency } from './actions.ts';
import type { Judged } from './judge.ts';
import { observationOf, sightOf, type World } from './world.ts';

/** The same verdicts, but for what has no place in memory. */
export function withinSlots(world: World, judged: readonly Judged[]): readonly Judged[] {
  const wanting = judged.filter(
    ({ placement, content }) =>
      staysLoaded(placement.residency) &&
      (content.kind === 'satisfied' || content.kind === 'build'),
  );
  const excess = new Map<DesiredPlacement, number>();
  for (const ofBackend of Map.groupBy(wanting, ({ placement }) => backendKey(placement)).values()) {
    const [first] = ofBackend;
    const slots = first && slotsOf(world, first.placement);
    if (first === undefined || slots === undefined) continue;
    const free = Math.max(0, slots - takenBeside(world, first.placement, ofBackend));
    for (const { placement } of withoutPlace(byUrgency(ofBackend), free)) {
      excess.set(placement, slots);
    }
  }
  if (excess.size === 0) return judged;
  return judged.map((one) => {
    const slots = excess.get(one.placement);
    return slots === undefined ? one : { ...one, residency: withoutSlot(one, slots) };
  });
}

/** What is in use keeps its place for now, and what would come there waits for it. */
function withoutPlace(byRank: readonly Judged[], free: number): readonly Judged[] {
  const beyond = byRank.slice(free);
  const busy = beyond.filter((one) => loadedOf(one)?.inUse === true).length;
  const coming = byRank.slice(0, free).filter((one) => loadedOf(one) === null);
  return [...beyond, ...coming.slice(Math.max(0, coming.length - busy))];
}

const loadedOf = ({ content }: Judged): LoadedState | null =>
  content.kind === 'satisfied' ? content.observed.loaded : null;

const slotsOf = (world: World, at: Placement): number | undefined => {
  const backend = observationOf(world, at);
  return backend?.kind === 'reachable' ? backend.slots : undefined;
};

function withoutSlot(judged: Judged, slots: number): Judged['residency'] {
  const loaded = loadedOf(judged);
  return {
    kind: 'no-slot',
    // Its place is wanted by another; what is in use is left to finish.
    gives: loaded !== null && loaded.inUse !== true,
    detail: `The engine keeps ${slots} ${slots === 1 ? 'model' : 'models'} in memory at once, and others have all of these places.`,
  };
}

/** What other sets keep there, and what is wanted there and not looked at by this plan. */
function takenBeside(world: World, at: DesiredPlacement, wanting: readonly Judged[]): number {
  const own = new Set(wanting.map(({ placement }) => placement.key));
  // As it is wanted now: what is on record of this set may have been wanted otherwise.
  const entries: readonly (InventoryEntry | DesiredPlacement)[] = [
    ...[...world.otherOwners.values()].flat(),
    ...[...world.owned.keys()].flatMap((key) => world.desired.placements.get(key) ?? []),
  ];
  const keys = new Set(
    entries.flatMap((entry) => {
      const key = placementKey(entry);
      const isThere = backendKey(entry) === backendKey(at) && staysLoaded(entry.residency);
      return isThere && !own.has(key) && isLoaded(world, entry) ? [key] : [];
    }),
  );
  return keys.size;
}

function isLoaded(world: World, entry: Placement): boolean {
  const sight = sightOf(world, entry);
  return sight.kind === 'there' && sight.observed.loaded !== null;
}

/** Where places are counted, those that are given up are free before another takes one. */
export function slotUnloads(
  world: World,
  load: Action,
  unloads: readonly Action[],
): readonly ActionId[] {
  if (slotsOf(world, load) === undefined) return [];
  return unloads.filter((one) => backendKey(one) === backendKey(load)).map(({ id }) => id);
}
