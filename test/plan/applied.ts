// What a plan leads to if everything it says succeeds: the next input of the planner. The shortest
// possible executor, recorder and engine, against which the planner's promises are checked.
import type { DesiredPlacement } from '../../src/core/desired.ts';
import type { Digest } from '../../src/core/digest.ts';
import { sha256Json } from '../../src/core/hash.ts';
import type { InventoryEntry } from '../../src/core/inventory.ts';
import { backendKey, placementKey } from '../../src/core/key.ts';
import { type Made, madeFrom } from '../../src/core/made.ts';
import type { BackendObservation, Capacity, ObservedPlacement } from '../../src/core/observed.ts';
import type { Action, Plan } from '../../src/core/plan.ts';
import type { PlanInput } from '../../src/plan/plan.ts';

export function applied(input: PlanInput, plan: Plan): PlanInput {
  const seen = new Map(
    [...input.observed.backends].map(([key, backend]) => [key, copy(backend)] as const),
  );
  const made = new Map([...input.ledger.made].map(([key, map]) => [key, new Map(map)] as const));
  const inventory = new Map(
    input.ledger.inventory.map((entry) => [`${entry.set} ${placementKey(entry)}`, entry]),
  );
  const set = input.desired.set ?? '';
  for (const action of plan.actions) {
    const backend = seen.get(backendKey(action));
    if (backend?.kind !== 'reachable') throw new Error('an action on an engine that is down');
    const placements = backend.placements as Map<string, ObservedPlacement>;
    seen.set(backendKey(action), { ...backend, disk: after(backend.disk, action) });
    if (action.kind === 'evict') {
      placements.delete(action.name);
      inventory.delete(`${set} ${placementKey(action)}`);
      continue;
    }
    perform(action, input, placements, made);
  }
  for (const placement of input.desired.placements.values()) {
    const backend = seen.get(backendKey(placement));
    const there = backend?.kind === 'reachable' ? backend.placements.get(placement.name) : undefined;
    const touched =
      plan.unchanged.some((one) => placementKey(one) === placement.key) ||
      plan.actions.some((one) => placementKey(one) === placement.key);
    if (there !== undefined && touched) {
      inventory.set(`${set} ${placement.key}`, entryFor(set, placement, there.digest));
    }
  }
  for (const one of plan.released) inventory.delete(`${set} ${placementKey(one)}`);
  return {
    ...input,
    observed: { backends: seen },
    ledger: { ...input.ledger, inventory: [...inventory.values()], made, interrupted: new Set() },
  };
}

function perform(
  action: Exclude<Action, { kind: 'evict' }>,
  input: PlanInput,
  placements: Map<string, ObservedPlacement>,
  made: Map<string, Map<Digest, Made>>,
): void {
  const placement = input.desired.placements.get(placementKey(action));
  const there = placements.get(action.name);
  if (action.kind === 'unload') {
    if (there !== undefined) placements.set(action.name, { ...there, loaded: null });
    return;
  }
  if (placement === undefined) throw new Error('an action on something that is not wanted');
  if (action.kind === 'load') {
    if (there === undefined) throw new Error('a load of something that is not there');
    const loaded = {
      expiresAt: 'never' as const,
      load: effective(placement),
      memoryBytes: 1,
      vramBytes: 0,
      inUse: false,
    };
    placements.set(action.name, { ...there, loaded });
    return;
  }
  if ((there?.digest ?? null) !== action.replaces) throw new Error('a precondition does not hold');
  const { build } = placement;
  const foundation =
    build.kind === 'source' ? undefined : placements.get(build.kind === 'alias' ? build.of : build.base);
  if (build.kind !== 'source' && foundation === undefined) throw new Error('built on nothing');
  const from = madeFrom(build, placement.artifact, foundation?.digest ?? null);
  const digest =
    action.digest ??
    (build.kind === 'alias' && foundation !== undefined ? foundation.digest : sha256Json(from));
  if (build.kind !== 'alias' && action.digest === null) {
    const ofBackend = made.get(backendKey(action)) ?? new Map<Digest, Made>();
    made.set(backendKey(action), ofBackend.set(digest, from));
  }
  placements.set(action.name, { name: action.name, digest, bytes: 100, details: null, loaded: null });
}

const effective = ({ load, artifact }: DesiredPlacement) =>
  load.contextLength === undefined
    ? {}
    : { contextLength: Math.min(load.contextLength, artifact.facts.contextLength ?? Infinity) };

const copy = (backend: BackendObservation): BackendObservation =>
  backend.kind === 'unreachable' ? backend : { ...backend, placements: new Map(backend.placements) };

const after = (disk: Capacity, { bytes }: Action): Capacity =>
  disk.kind === 'known' ? { ...disk, freeBytes: disk.freeBytes - (bytes.disk ?? 0) } : disk;

const entryFor = (set: string, placement: DesiredPlacement, digest: Digest): InventoryEntry => ({
  host: placement.host,
  backend: placement.backend,
  name: placement.name,
  set,
  model: placement.model,
  role: placement.role,
  digest,
  made: null,
  adopted: false,
  residency: placement.residency,
  prune: placement.prune,
  base: placement.build.kind === 'source' ? null : placement.name,
});
