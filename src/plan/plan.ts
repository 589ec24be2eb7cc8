// The planner: a pure function of what is desired, what is observed, what the ledger knows and
// what the user allows. No I/O, no clock; shuffled input gives the same plan. It judges each
// placement and what left the set, asks the guards about all of it together, and writes down what
// is to be done, in which order, and what is not, and why.
import { backendKey, byPlacement, placementKey } from '../core/key.ts';
import type { Action, ActionId, Plan } from '../core/plan.ts';
import { buildActions, releaseActions, residencyActions } from './actions.ts';
import { takeRoom } from './capacity.ts';
import { type Evictions, evictionsOf, placeEvictions } from './evictions.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Guarded, guard } from './guards.ts';
import { type Judged, judgeAll, type Vetoes } from './judge.ts';
import { type Leaving, settleLeavers } from './leaving.ts';
import { inOrder } from './order.ts';
import { judgeLeavers, type Leaver } from './prune.ts';
import { behindServices, planServices } from './service.ts';
import { sharedUnloads } from './sharing.ts';
import { slotUnloads, withinSlots } from './slots.ts';
import { drifts, heldOf, unchangedOf } from './summary.ts';
import { engineWarnings, type PlanInput, type World, worldOf } from './world.ts';

export type { PlanInput } from './world.ts';

export function plan(input: PlanInput): Plan {
  const given = worldOf(input);
  const services = planServices(given);
  const { world } = services;
  const first = judgeAll(world, new Map());
  const leavers = judgeLeavers(world, first);
  const guarded = guard(world, first, settleLeavers(world, leavers, first).victims);
  const { judged, leaving, actions } = fit(world, leavers, first, guarded);
  const decided = {
    set: world.desired.set,
    revision: world.desired.revision,
    actions: world.options.refreshOnly
      ? []
      : [...services.actions, ...behindServices(given, services, actions())],
    unchanged: unchangedOf(world, judged),
    held: [...services.held, ...heldOf(world, judged, leaving, guarded.refused)].toSorted(
      byPlacement,
    ),
    leftovers: leaving.leftovers,
    released: world.options.refreshOnly ? [] : leaving.released,
    // What a restart of ours is about to drop is still there: nobody else changed it.
    drift: [
      ...services.drift,
      ...drifts(services.gates.size === 0 ? judged : judgeAll(given, new Map())),
    ],
    warnings: [...world.desired.warnings, ...engineWarnings(world)],
  };
  return { ...decided, fingerprint: fingerprintOf(decided) };
}

interface Fitted {
  readonly judged: readonly Judged[];
  readonly leaving: Leaving;
  readonly actions: () => readonly Action[];
}

/**
 * Judges until everything that is to be built fits. What does not is vetoed, and may leave others
 * without bytes that they were to share, or without the room of what then stays in its place; each
 * round vetoes at least one more, so it ends.
 */
function fit(
  world: World,
  leavers: readonly Leaver[],
  first: readonly Judged[],
  { vetoes: guards, refused }: Guarded,
): Fitted {
  let judged = guards.size === 0 ? first : judgeAll(world, guards);
  for (let vetoes: Vetoes = guards; ; judged = judgeAll(world, vetoes)) {
    const leaving = settleLeavers(world, leavers, judged);
    const victims = leaving.victims.filter(({ entry }) => !refused.has(backendKey(entry)));
    const builds = buildActions(world, judged);
    const evictions = evictionsOf(world, victims, leaving.unloaded, builds);
    const { vetoes: more, early } = takeRoom(world, builds, evictions.free);
    if (more.size > 0) {
      vetoes = new Map([...vetoes, ...more]);
      continue;
    }
    const slotted = withinSlots(world, judged);
    const actions = (): readonly Action[] =>
      allActions(world, slotted, builds, { evictions, early });
    return { judged: slotted, leaving, actions };
  }
}

function allActions(
  world: World,
  judged: readonly Judged[],
  builds: readonly Action[],
  leave: { readonly evictions: Evictions; readonly early: ReadonlySet<ActionId> },
): readonly Action[] {
  const residency = residencyActions(judged, builds);
  const releases = releaseActions(world, judged, builds);
  const placed = placeEvictions(leave.evictions, leave.early, [...builds, ...residency]);
  const roomBy = Map.groupBy(
    placed.early.filter(({ kind }) => kind === 'evict'),
    backendKey,
  );
  const releasedBy = Map.groupBy(releases, placementKey);
  const waiting = builds.map((build) => {
    const room = roomBy.get(backendKey(build)) ?? [];
    const before = [...room, ...(releasedBy.get(placementKey(build)) ?? [])];
    return before.length === 0
      ? build
      : { ...build, after: [...build.after, ...before.map(({ id }) => id)] };
  });
  // Memory is given back before it is taken, and disk last.
  const given = residency.filter(({ kind }) => kind === 'unload');
  const unloads = [...releases, ...given, ...placed.unloads];
  const loads = residency
    .filter(({ kind }) => kind === 'load')
    .map((load) => {
      const before = [...sharedUnloads(world, load, unloads), ...slotUnloads(world, load, given)];
      return { ...load, after: [...new Set([...load.after, ...before])] };
    });
  const evicts = placed.late.map(waitingFor([...placed.early, ...unloads]));
  return inOrder([...placed.early, ...waiting, ...unloads, ...loads, ...evicts]);
}

/** An unload that is not in the plan after all is not waited for: the engine then says why not. */
const waitingFor = (unloads: readonly Action[]): ((evict: Action) => Action) => {
  const planned = new Set(unloads.map(({ id }) => id));
  return (evict) => ({
    ...evict,
    after: evict.after.filter((id) => !id.startsWith('unload|') || planned.has(id)),
  });
};
