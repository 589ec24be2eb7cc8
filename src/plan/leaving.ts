// What left the set, all of it together: nothing goes before what comes in its place can come, no
// base before what is built on it, and what is in memory only after the name that keeps it there.
import type { Held } from '../core/held.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import {
  backendKey,
  byPlacement,
  type Placement,
  type PlacementKey,
  placementKey,
} from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import type { Leftover } from '../core/plan.ts';
import { wantedDigest } from '../core/wanted.ts';
import type { Judged } from './judge.ts';
import { hold, isGone, type Leaver, type LeaverVerdict, leftover, type Victim } from './prune.ts';
import { isToBeReleased, isToGiveWay, stayingNames } from './residency.ts';
import { sharesRunner } from './sharing.ts';
import { isInScope, type World } from './world.ts';

export interface Leaving {
  /** They may be evicted as far as the set is concerned; guards come after. */
  readonly victims: readonly Victim[];
  readonly held: readonly Held[];
  readonly leftovers: readonly Leftover[];
  readonly released: readonly Placement[];
  /** Of those, what is unloaded first. */
  readonly unloaded: readonly InventoryEntry[];
}

/** Each that stays may make others stay; this goes on until nothing changes any more. */
export function settleLeavers(
  world: World,
  leavers: readonly Leaver[],
  judged: readonly Judged[],
): Leaving {
  const stuck = new Map([...awaitedElsewhere(world), ...stuckModels(judged)]);
  let current = leavers.map((leaver) => besideSuccessor(leaver, stuck));
  if (!current.some(mayGo)) return summed(current, [], world);
  const dependents = dependentsIn(world);
  const released = current.some(({ verdict }) => verdict.kind === 'busy')
    ? releasedIn(world, judged)
    : [];
  for (;;) {
    const going = current.filter(mayGo);
    // What is given up is no longer ours: it keeps no base of ours here.
    const leaving = current.filter((one) => mayGo(one) || one.verdict.kind === 'released');
    const keys = new Set(leaving.map(({ entry }) => placementKey(entry)));
    const unloaded = [...current.flatMap(unloadOf), ...released];
    const next = current.map((leaver) =>
      mayGo(leaver) ? amongOthers(world, leaver, { current, dependents, keys, unloaded }) : leaver,
    );
    if (next.filter(mayGo).length === going.length) return summed(next, unloaded, world);
    current = next;
  }
}

const mayGo = ({ verdict }: Leaver): boolean =>
  verdict.kind === 'victim' || verdict.kind === 'busy';

/** Models of which something wanted cannot come now, with the first reason. */
function stuckModels(judged: readonly Judged[]): ReadonlyMap<string, Held> {
  const stuck = new Map<string, Held>();
  for (const { placement, content } of judged) {
    if (content.kind !== 'held' || stuck.has(placement.model)) continue;
    const { host, backend, name, model } = placement;
    stuck.set(model, { host, backend, name, model, ...content });
  }
  return stuck;
}

/**
 * Models of which something is wanted on an engine that this plan is not about, and is not known to
 * be there: it is brought by the plan for that engine.
 */
function awaitedElsewhere(world: World): ReadonlyMap<string, Held> {
  const awaited = new Map<string, Held>();
  if (world.options.backends === null) return awaited;
  for (const placement of world.desired.placements.values()) {
    if (isInScope(world, placement) || awaited.has(placement.model)) continue;
    if (world.owned.get(placement.key)?.settled === wantedDigest(placement)) continue;
    const { host, backend, name, model } = placement;
    const detail = 'It is not there yet, on another engine.';
    const remedy = 'It goes once the other is there.';
    awaited.set(model, { host, backend, name, model, because: 'in-use', detail, remedy });
  }
  return awaited;
}

/** As long as its successor is held, on whatever engine, the old one is what there is. */
function besideSuccessor(leaver: Leaver, stuck: ReadonlyMap<string, Held>): Leaver {
  const held = stuck.get(leaver.entry.model);
  if (held === undefined || !(mayGo(leaver) || unloadOf(leaver).length > 0)) return leaver;
  const detail = `It left the set, but stays while ${held.name} is held: ${held.detail}`;
  return { ...leaver, verdict: hold(held.because, detail, held.remedy) };
}

/** What is there and built on something, by `dependencyKey`. */
type Dependents = ReadonlyMap<string, readonly InventoryEntry[]>;

const dependencyKey = (entry: InventoryEntry, base: string): string =>
  `${backendKey(entry)} ${base}`;

function dependentsIn(world: World): Dependents {
  const dependents = new Map<string, InventoryEntry[]>();
  for (const [key, entry] of world.owned) {
    // What is wanted has a wanted base; the one on record may be that of an earlier edit.
    if (entry.base === null || world.desired.placements.has(key)) continue;
    if (isGone(world, entry)) continue;
    const at = dependencyKey(entry, entry.base);
    // The first of them is named in what is held, whatever the order of the ledger.
    dependents.set(at, [...(dependents.get(at) ?? []), entry].toSorted(byPlacement));
  }
  return dependents;
}

interface Unloaded {
  readonly at: Placement;
  readonly observed: ObservedPlacement;
}

function unloadOf({ entry: at, verdict }: Leaver): readonly Unloaded[] {
  if (verdict.kind === 'victim' && verdict.victim.unloadFirst) {
    return [{ at, observed: verdict.victim.observed }];
  }
  const observed = verdict.kind === 'released' ? verdict.unload : null;
  return observed === null ? [] : [{ at, observed }];
}

/** Wanted names that this plan unloads, as far as it can be told before it is made. */
function releasedIn(world: World, judged: readonly Judged[]): readonly Unloaded[] {
  const staying = stayingNames(judged);
  return judged.flatMap((one): Unloaded[] => {
    const { placement: at, content } = one;
    if (isToGiveWay(world, one, staying)) {
      const observed = content.kind === 'build' ? content.replaces : null;
      return observed === null ? [] : [{ at, observed }];
    }
    if (content.kind !== 'satisfied' && content.kind !== 'absent') return [];
    const { observed } = content;
    if (observed === null || observed.loaded?.inUse === true) return [];
    return isToBeReleased(world, at, observed) ? [{ at, observed }] : [];
  });
}

interface Others {
  readonly current: readonly Leaver[];
  readonly dependents: Dependents;
  readonly keys: ReadonlySet<PlacementKey>;
  readonly unloaded: readonly Unloaded[];
}

function amongOthers(world: World, leaver: Leaver, others: Others): Leaver {
  const { entry, verdict } = leaver;
  const stays = (others.dependents.get(dependencyKey(entry, entry.name)) ?? []).find(
    (one) => !others.keys.has(placementKey(one)),
  );
  if (stays !== undefined) return { entry, verdict: under(verdict, stays, others.current) };
  if (verdict.kind !== 'busy' || sharerOf(world, entry, verdict.observed, others.unloaded)) {
    return leaver;
  }
  const detail = 'It left the set, but is loaded and may be in use.';
  return { entry, verdict: hold('in-use', detail, 'It is evicted once it is unloaded.') };
}

/** A base of what stays. */
function under(
  verdict: LeaverVerdict,
  stays: InventoryEntry,
  current: readonly Leaver[],
): LeaverVerdict {
  const key = placementKey(stays);
  const why = current.find(({ entry }) => placementKey(entry) === key)?.verdict.kind;
  const observed =
    verdict.kind === 'victim'
      ? verdict.victim.observed
      : verdict.kind === 'busy'
        ? verdict.observed
        : null;
  if (why === 'leftover' && observed !== null) {
    return leftover(observed, `${stays.name}, which is built on it, is kept.`);
  }
  return hold(
    'in-use',
    `It left the set, but ${stays.name} is built on it and stays.`,
    `It is evicted with ${stays.name}.`,
  );
}

/** In memory, but not for us: perhaps only because of another name that is about to be unloaded. */
const sharerOf = (
  world: World,
  entry: InventoryEntry,
  observed: ObservedPlacement,
  unloaded: readonly Unloaded[],
): Unloaded | undefined =>
  unloaded.find(
    (one) =>
      backendKey(one.at) === backendKey(entry) &&
      observed.loaded?.inUse !== true &&
      observed.loaded?.ownHold !== true &&
      sharesRunner(world, entry, observed, one.observed),
  );

function summed(leavers: readonly Leaver[], unloaded: readonly Unloaded[], world: World): Leaving {
  const victims: Victim[] = [];
  const held: Held[] = [];
  const leftovers: Leftover[] = [];
  const released: Placement[] = [];
  const givenBack: InventoryEntry[] = [];
  for (const { entry, verdict } of leavers) {
    const { host, backend, name, model } = entry;
    if (verdict.kind === 'victim') victims.push(verdict.victim);
    if (verdict.kind === 'busy') {
      const { observed } = verdict;
      const sharer = sharerOf(world, entry, observed, unloaded)?.at;
      const at = sharer && { host: sharer.host, backend: sharer.backend, name: sharer.name };
      victims.push({ entry, observed, unloadFirst: false, sharer: at ?? null });
    }
    if (verdict.kind === 'released') {
      released.push({ host, backend, name });
      if (verdict.unload !== null) givenBack.push(entry);
    }
    if (verdict.kind === 'held') {
      const { because, detail, remedy } = verdict;
      held.push({ host, backend, name, model, because, detail, remedy });
    }
    if (verdict.kind === 'leftover') {
      const { digest, bytes } = verdict.observed;
      leftovers.push({ host, backend, name, model, digest, bytes, remedy: verdict.remedy });
    }
  }
  return { victims, held, leftovers, released, unloaded: givenBack };
}
