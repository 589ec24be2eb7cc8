// The planner: a pure function of what is desired, what is observed, what the ledger knows and
// what the user allows. No I/O, no clock; shuffled input gives the same plan. It judges each
// placement and what left the set, asks the guards about all of it together, and writes down what
// is to be done, in which order, and what is not, and why.
import { backendKey } from '../core/key.ts';
import type { Action, Plan } from '../core/plan.ts';
import { buildActions, leaverActions, residencyActions } from './actions.ts';
import { takeRoom } from './capacity.ts';
import { fingerprintOf } from './fingerprint.ts';
import { guard } from './guards.ts';
import { type Judged, judgeAll, type Vetoes } from './judge.ts';
import { inOrder } from './order.ts';
import { judgeLeavers, type Victim } from './prune.ts';
import { driftOf, heldOf, unchangedOf } from './summary.ts';
import { type PlanInput, type World, worldOf } from './world.ts';

export type { PlanInput } from './world.ts';

export function plan(input: PlanInput): Plan {
  const world = worldOf(input);
  const leavers = judgeLeavers(world);
  const first = judgeAll(world, new Map());
  const { vetoes, refused } = guard(world, first, leavers.victims);
  const victims = leavers.victims.filter(({ entry }) => !refused.has(backendKey(entry)));

  const guarded = vetoes.size === 0 ? first : judgeAll(world, vetoes);
  const { judged, evictFirst } = fit(world, guarded, vetoes, victims);

  const decided = {
    set: world.desired.set,
    revision: world.desired.revision,
    actions: world.options.refreshOnly ? [] : allActions(world, judged, victims, evictFirst),
    unchanged: unchangedOf(world, judged),
    held: heldOf(world, judged, leavers, refused),
    leftovers: leavers.leftovers,
    released: leavers.released,
    drift: driftOf(world, judged),
    warnings: world.desired.warnings,
  };
  return { ...decided, fingerprint: fingerprintOf(decided) };
}

/**
 * Judges until everything that is to be built fits. What does not is vetoed, and may leave others
 * without bytes that they were to share; each round vetoes at least one more, so it ends.
 */
function fit(
  world: World,
  guarded: readonly Judged[],
  guards: Vetoes,
  victims: readonly Victim[],
): { readonly judged: readonly Judged[]; readonly evictFirst: ReadonlySet<string> } {
  const evictions = leaverActions(world, victims, []);
  let judged = guarded;
  let vetoes = guards;
  for (;;) {
    const room = takeRoom(world, buildActions(world, judged), evictions);
    if (room.vetoes.size === 0) return { judged, evictFirst: room.evictFirst };
    vetoes = new Map([...vetoes, ...room.vetoes]);
    judged = judgeAll(world, vetoes);
  }
}

function allActions(
  world: World,
  judged: readonly Judged[],
  victims: readonly Victim[],
  evictFirst: ReadonlySet<string>,
): readonly Action[] {
  const builds = buildActions(world, judged);
  const residency = residencyActions(judged, builds);
  const isEarly = ({ entry }: Victim): boolean => evictFirst.has(backendKey(entry));
  const early = leaverActions(world, victims.filter(isEarly), []);
  const late = leaverActions(
    world,
    victims.filter((victim) => !isEarly(victim)),
    [...builds, ...residency],
  );
  const roomBy = Map.groupBy(
    early.filter(({ kind }) => kind === 'evict'),
    backendKey,
  );
  const waiting = builds.map((build) => {
    const before = roomBy.get(backendKey(build)) ?? [];
    return before.length === 0
      ? build
      : { ...build, after: [...build.after, ...before.map(({ id }) => id)] };
  });
  // Memory is given back before it is taken, and disk last.
  const unloads = [...residency, ...late].filter(({ kind }) => kind === 'unload');
  const loads = residency.filter(({ kind }) => kind === 'load');
  const evicts = late.filter(({ kind }) => kind === 'evict');
  return inOrder([...early, ...waiting, ...unloads, ...loads, ...evicts]);
}
