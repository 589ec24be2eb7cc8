// The actions that take away what left the set: unloaded first where we keep it loaded, evicted when
// everything else of the same Model is done, so that a failed roll-out keeps the old model. Only
// where a pull needs the room does an eviction come first, and then no more of them than it takes; and
// never one of what another engine is to be given from here.
import type { Digest } from '../core/digest.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import { backendKey, type PlacementKey, placementKey } from '../core/key.ts';
import type { Action, ActionId, EvictAction, UnloadAction } from '../core/plan.ts';
import { base } from './actions.ts';
import { nearbyBuilds, noBytes, reusedBlobs } from './bytes.ts';
import { freedBytes } from './freed.ts';
import { actionId, inOrder } from './order.ts';
import type { Victim } from './prune.ts';
import { detailsOf, madeOf, type World } from './world.ts';

export interface Evictions {
  readonly unloads: readonly UnloadAction[];
  /** In the order in which they free what they free. */
  readonly evicts: readonly EvictAction[];
  /** Of those, the ones that can come before everything else: they wait only for one another. */
  readonly free: readonly EvictAction[];
}

/**
 * What has no successor among `builds` comes first, and a base after what is built on it. What is
 * `givenUp` to another set is only unloaded.
 */
export function evictionsOf(
  world: World,
  victims: readonly Victim[],
  givenUp: readonly InventoryEntry[],
  builds: readonly Action[],
): Evictions {
  const building = new Set(builds.map(({ model }) => model));
  const dependents = Map.groupBy(victims, ({ entry }) => dependencyKey(entry, entry.base));
  const blobs = new Map(
    [...new Set(victims.map(({ entry }) => backendKey(entry)))].map((key) => [
      key,
      reusedBlobs(world, key, builds),
    ]),
  );
  const reused = new Set(
    victims.filter((one) => isReused(world, one, blobs.get(backendKey(one.entry)))),
  );
  const takers = takersOf(world, victims, builds);
  const moving = victims.filter((one) => takers.has(one) || isMoving(one, builds));
  const bound = boundVictims(victims, dependents, [...reused, ...moving]);
  const rank = ({ entry }: Victim): number =>
    bound.has(placementKey(entry)) ? 2 : building.has(entry.model) ? 1 : 0;
  const sorted = victims.toSorted((a, b) => rank(a) - rank(b));
  const byId = new Map(sorted.map((victim) => [actionId('evict', victim.entry), victim]));
  const ordered = inOrder(
    sorted.map((victim) => evictAction(victim, dependents, takers.get(victim) ?? [])),
  );
  const freed = freedBytes(
    world,
    ordered.flatMap(({ id }) => {
      const victim = byId.get(id);
      if (victim === undefined) return [];
      const { entry: at, observed } = victim;
      return [{ at, observed, isReused: reused.has(victim) }];
    }),
  );
  const evicts = ordered.map((evict, index): EvictAction => {
    const bytes = freed[index] ?? null;
    return { ...evict, bytes: { ...noBytes, disk: bytes === null ? null : 0 - bytes } };
  });
  const unloads = sorted.filter(({ unloadFirst }) => unloadFirst);
  return {
    unloads: [
      ...unloads.map(({ entry }) => unloadAction(entry, 'It is to be evicted.')),
      ...givenUp.map((entry) => unloadAction(entry, 'It left the set, which kept it there.')),
    ],
    evicts,
    free: evicts.filter((evict) => !bound.has(placementKey(evict))),
  };
}

/** Its Model is being built on another engine: until that is there, this is what there is. */
const isMoving = ({ entry }: Victim, builds: readonly Action[]): boolean =>
  builds.some((build) => build.model === entry.model && backendKey(build) !== backendKey(entry));

/** Builds on other engines that count on what a name holds being on this machine, whosever they are. */
function takersOf(
  world: World,
  victims: readonly Victim[],
  builds: readonly Action[],
): ReadonlyMap<Victim, readonly ActionId[]> {
  const takers = new Map<Victim, readonly ActionId[]>();
  for (const [key, here] of Map.groupBy(victims, ({ entry }) => backendKey(entry))) {
    const counting = nearbyBuilds(world, key, builds);
    for (const victim of here) {
      const ids = [...counting].flatMap(([weights, ofWeights]) =>
        isReused(world, victim, new Set([weights])) ? ofWeights : [],
      );
      if (ids.length > 0) takers.set(victim, [...new Set(ids)]);
    }
  }
  return takers;
}

/**
 * Those that builds need before they go, or that wait for the unload of a wanted name, which may
 * itself wait for a build; and what they are built on.
 */
function boundVictims(
  victims: readonly Victim[],
  dependents: Dependents,
  needed: readonly Victim[],
): ReadonlySet<PlacementKey> {
  const unloaded = new Set(
    victims.flatMap(({ entry, unloadFirst }) => (unloadFirst ? [placementKey(entry)] : [])),
  );
  const waiting = victims.filter(
    ({ sharer }) => sharer !== null && !unloaded.has(placementKey(sharer)),
  );
  const bound = new Set([...waiting, ...needed].map(({ entry }) => placementKey(entry)));
  for (let size = -1; size !== bound.size; ) {
    size = bound.size;
    for (const { entry } of victims) {
      const builtOn = dependents.get(dependencyKey(entry, entry.name)) ?? [];
      if (builtOn.some((one) => bound.has(placementKey(one.entry)))) bound.add(placementKey(entry));
    }
  }
  return bound;
}

/**
 * Whether a build counts on blobs that this name may hold: gone before it, they would have to be
 * fetched again. What nobody can tell of a name counts as if it held them.
 */
function isReused(
  world: World,
  { entry, observed }: Victim,
  reused: ReadonlySet<Digest> = new Set(),
): boolean {
  if (reused.size === 0) return false;
  const { weights = null, recipe = {} } = detailsOf(world, entry, observed) ?? {};
  const made = madeOf(world, entry, observed.digest);
  if (weights === null && made === undefined) return true;
  const adapters = (recipe.adapters ?? []).map(({ digest }) => digest);
  const held = [weights, made?.revision, ...adapters];
  return held.some((digest) => digest !== undefined && digest !== null && reused.has(digest));
}

/** By the `dependencyKey` of what they are built on. */
type Dependents = ReadonlyMap<string, readonly Victim[]>;

const dependencyKey = (entry: Victim['entry'], name: string | null): string =>
  `${backendKey(entry)} ${name ?? ''}`;

const unloadAction = (entry: InventoryEntry, because: string): UnloadAction => ({
  ...base(entry, 'pruned', because),
  kind: 'unload',
  id: actionId('unload', entry),
  bytes: noBytes,
  after: [],
});

const evictAction = (
  { entry, observed, unloadFirst, sharer }: Victim,
  dependents: Dependents,
  takers: readonly ActionId[],
): EvictAction => {
  const builtOn = dependents.get(dependencyKey(entry, entry.name)) ?? [];
  return {
    ...base(entry, 'pruned', 'It left the set.'),
    kind: 'evict',
    id: actionId('evict', entry),
    bytes: noBytes,
    after: [
      ...takers,
      ...builtOn.map((one) => actionId('evict', one.entry)),
      ...(unloadFirst ? [actionId('unload', entry)] : []),
      ...(sharer === null ? [] : [actionId('unload', sharer)]),
    ],
    replaces: observed.digest,
  };
};

/** In the order in which they are to be listed: what makes room, what unloads, what goes last. */
export interface Placed {
  readonly early: readonly Action[];
  readonly unloads: readonly Action[];
  readonly late: readonly Action[];
}

export function placeEvictions(
  { unloads, evicts }: Evictions,
  early: ReadonlySet<ActionId>,
  others: readonly Action[],
): Placed {
  const first = evicts.filter(({ id }) => early.has(id));
  const needed = new Set(first.flatMap(({ after }) => after));
  const ofModel = Map.groupBy(others, ({ model }) => model);
  const waiting = <T extends UnloadAction | EvictAction>(action: T, forAll: boolean): T => {
    const same = ofModel.get(action.model) ?? [];
    const before = forAll ? same : same.filter(({ kind }) => kind === 'pull' || kind === 'create');
    return { ...action, after: [...new Set([...before.map(({ id }) => id), ...action.after])] };
  };
  return {
    early: [
      ...unloads.filter(({ id }) => needed.has(id)),
      ...first.map((evict) => ({ ...evict, reason: 'makes-room' as const, because: makesRoom })),
    ],
    // It serves until what comes in its place is there, and makes room for loading that.
    unloads: unloads.filter(({ id }) => !needed.has(id)).map((one) => waiting(one, false)),
    late: evicts.filter(({ id }) => !early.has(id)).map((one) => waiting(one, true)),
  };
}

const makesRoom = 'It left the set, and what comes needs the room.';
