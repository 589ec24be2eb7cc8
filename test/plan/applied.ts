// What a run of a plan leads to: the next input of the planner. The schedule and the record are the
// real ones; the engine is the shortest possible, and refuses what a real one would refuse.
import { type ChangeSetEntry, type Outcome, outcomeOf } from '../../src/core/changeset.ts';
import type { DesiredPlacement } from '../../src/core/desired.ts';
import type { Digest } from '../../src/core/digest.ts';
import { sha256Json } from '../../src/core/hash.ts';
import type { InventoryEntry } from '../../src/core/inventory.ts';
import { backendKey, type Placement, type PlacementKey, placementKey } from '../../src/core/key.ts';
import { type Made, madeFrom } from '../../src/core/made.ts';
import type { BackendObservation, Details, ObservedPlacement } from '../../src/core/observed.ts';
import {
  type Action,
  type ActionId,
  isServiceAction,
  type Plan,
  type ServiceAction,
} from '../../src/core/plan.ts';
import { engineName } from '../../src/core/service.ts';
import { defaultLimits, nextActions } from '../../src/execute/schedule.ts';
import type { PlanInput } from '../../src/plan/plan.ts';
import { factsAfter } from '../../src/record/facts.ts';
import { entriesBeforeRun, settlementOf } from '../../src/record/record.ts';

/** How a run goes: by default everything succeeds, in the order of the plan. */
export interface Course {
  /** Which of so many running actions ends next. */
  readonly choose?: (count: number) => number;
  /** Counted by the order in which they end. */
  readonly fails?: ReadonlySet<number>;
  /** By their ids. */
  readonly failing?: ReadonlySet<ActionId>;
  /** The run is cut off at the end of so many actions, before or after the effect of that one. */
  readonly killed?: { readonly at: number; readonly afterEffect: boolean };
}

export function applied(input: PlanInput, plan: Plan, course: Course = {}): PlanInput {
  const world = worldOf(input, plan);
  const ended = new Map<ActionId, Outcome>();
  const running = new Map<ActionId, Action>();
  const changes: ChangeSetEntry[] = [];
  for (let count = 0; ended.size < plan.actions.length; ) {
    const next = nextActions(plan.actions, { ended, running }, defaultLimits);
    for (const { id } of next.drop) ended.set(id, 'skipped');
    for (const action of next.start) running.set(action.id, action);
    if (next.drop.length > 0) continue;
    const action = [...running.values()][course.choose?.(running.size) ?? 0];
    if (action === undefined) throw new Error('actions wait for one another');
    const { killed } = course;
    if (killed?.at === count) {
      if (killed.afterEffect) perform(action, world);
      return resumed(input, world, [...running.values()]);
    }
    running.delete(action.id);
    const failed = course.fails?.has(count) === true || course.failing?.has(action.id) === true;
    const outcome: Outcome = failed ? 'failed' : outcomeOf[action.kind];
    const digest = failed ? null : perform(action, world);
    const change = { action, outcome, digest, downloadedBytes: 0, durationMs: 0 };
    close(change, world);
    ended.set(action.id, outcome);
    changes.push(change);
    count += 1;
  }
  const { closed, absent, entries } = settlementOf(recordOf(input, plan, world), {
    entries: changes,
  });
  for (const entry of entries) world.entries.set(placementKey(entry), entry);
  for (const key of absent) world.entries.delete(key);
  for (const key of closed) world.interrupted.delete(key);
  return resumed(input, world, []);
}

interface World {
  readonly desired: PlanInput['desired'];
  readonly seen: Map<string, BackendObservation>;
  readonly made: Map<string, Map<Digest, Made>>;
  /** Of the set that is applied. */
  readonly entries: Map<PlacementKey, InventoryEntry>;
  readonly others: readonly InventoryEntry[];
  readonly interrupted: Set<string>;
}

function worldOf(input: PlanInput, plan: Plan): World {
  const { desired, observed, ledger } = input;
  const entries = entriesBeforeRun({ plan, desired, observed, ledger });
  return {
    desired,
    seen: new Map([...observed.backends].map(([key, backend]) => [key, copy(backend)] as const)),
    made: new Map([...ledger.made].map(([key, map]) => [key, new Map(map)] as const)),
    entries: new Map(entries.map((entry) => [placementKey(entry), entry])),
    others: ledger.inventory.filter(({ set }) => set !== desired.set),
    interrupted: new Set(ledger.interrupted),
  };
}

const recordOf = ({ desired, observed }: PlanInput, plan: Plan, world: World) => ({
  plan,
  desired,
  observed,
  ledger: {
    inventory: [...world.others, ...world.entries.values()],
    interrupted: world.interrupted,
    contested: new Map(),
  },
});

/** The next look at what a run has left behind. */
const resumed = (input: PlanInput, world: World, open: readonly Action[]): PlanInput => ({
  ...input,
  observed: { ...input.observed, backends: world.seen },
  ledger: {
    ...input.ledger,
    inventory: [...world.others, ...world.entries.values()],
    made: world.made,
    interrupted: new Set([...world.interrupted, ...open.map(placementKey)]),
  },
});

function close(change: ChangeSetEntry, { desired, entries, made, interrupted }: World): void {
  const { action, digest } = change;
  const entryOf = (at: Placement) => entries.get(placementKey(at)) ?? null;
  const facts = factsAfter(change, { desired, entryOf });
  const key = placementKey(action);
  if (facts.entry === null) entries.delete(key);
  else entries.set(key, facts.entry);
  if (digest !== null && facts.made !== undefined) {
    const ofBackend = made.get(backendKey(action)) ?? new Map<Digest, Made>();
    made.set(backendKey(action), ofBackend.set(digest, facts.made));
  }
  if (change.outcome !== 'failed' && action.kind !== 'unload') interrupted.delete(key);
}

/** Returns the digest under the name afterwards. */
function perform(action: Action, { desired, seen }: World): Digest | null {
  const backend = seen.get(backendKey(action));
  if (backend?.kind !== 'reachable') throw new Error('an action on an engine that is down');
  if (isServiceAction(action)) {
    seen.set(backendKey(action), afterService(action, backend, desired));
    return null;
  }
  const placements = backend.placements as Map<string, ObservedPlacement>;
  const there = placements.get(action.name);
  const isByName = action.backend === countsByName;
  if (action.kind !== 'load' && action.kind !== 'unload') take(action, backend, seen);
  switch (action.kind) {
    case 'unload':
      if (there !== undefined && isByName) hold(placements, there, null);
      else if (there !== undefined) setLoaded(placements, there, null);
      return there?.digest ?? null;
    case 'evict':
      if (there?.digest !== action.replaces) throw new Error('evicts what it did not see');
      placements.delete(action.name);
      if (there.loaded?.ownHold === true) throw new Error('evicts what is kept under its name');
      if (
        there.loaded !== null &&
        ![...placements.values()].some((one) => sharesRunner(one, there))
      ) {
        throw new Error('evicts the last name of what is loaded');
      }
      return null;
    case 'load': {
      const placement = desired.placements.get(placementKey(action));
      if (there === undefined || placement === undefined)
        throw new Error('loads what is not there');
      const load = effective(placement);
      const loaded = {
        expiresAt: 'never',
        load,
        memoryBytes: 1,
        vramBytes: 0,
        inUse: false,
      } as const;
      if (isByName) hold(placements, there, { ...loaded, ownHold: true });
      else setLoaded(placements, there, loaded);
      return there.digest;
    }
    case 'pull':
    case 'create': {
      if ((there?.digest ?? null) !== action.replaces)
        throw new Error('a precondition does not hold');
      const digest = contentOf(action, desired, placements);
      const twin = [...placements.values()].find((one) => one.digest === digest);
      placements.set(action.name, {
        name: action.name,
        digest,
        bytes: 100,
        details: twin === undefined ? detailsOf(action, placements) : twin.details,
        configured: action.load ?? {},
        loaded: isByName ? null : (twin?.loaded ?? null),
      });
      const made = placements.get(action.name);
      if (isByName && made !== undefined) {
        // What is set up anew with the content that it has stays in memory.
        const isKept = there?.digest === digest && there.loaded?.ownHold === true;
        hold(placements, made, isKept ? there.loaded : null);
      }
      return digest;
    }
  }
}

/** An engine that is started anew runs with what is written, and has nothing in memory. */
function afterService(
  action: ServiceAction,
  backend: Extract<BackendObservation, { kind: 'reachable' }>,
  { services }: PlanInput['desired'],
): BackendObservation {
  const { service, placements } = backend;
  const fields = services?.get(backendKey(action))?.fields;
  if (service === undefined || fields === undefined) throw new Error('nobody runs this engine');
  if (action.kind === 'configure') {
    const written = { written: fields, recorded: fields, untried: true };
    return { ...backend, service: { ...service, ...written } };
  }
  if (service.written === null) throw new Error('started without being set up');
  const started = { running: service.written, untried: false, unattended: false };
  // One that runs, and only has nobody to look after it, is taken over as it is.
  const isTakenOver = action.reason === 'missing' && service.running !== null;
  if (isTakenOver) return { ...backend, service: { ...service, ...started } };
  const dropped = new Map(
    [...placements].map(([name, one]) => [name, { ...one, loaded: null }] as const),
  );
  return { ...backend, placements: dropped, service: { ...service, ...started } };
}

/**
 * A build takes what of it is not there by then, whatever was planned for it; the room of an
 * eviction is given back, and its blob is gone unless another name holds it.
 */
function take(
  action: Action,
  backend: Extract<BackendObservation, { kind: 'reachable' }>,
  seen: World['seen'],
): void {
  const { disk, presentBlobs, placements } = backend;
  const isSource =
    action.kind === 'pull' || (action.kind === 'create' && action.build.kind === 'source');
  const brought = isSource ? action.artifact.files : [];
  const sum = (files: typeof brought): number => files.reduce((all, { bytes }) => all + bytes, 0);
  const missing = brought.filter(({ digest }) => !presentBlobs.has(digest));
  const isRewritten = isSource && action.digest === null;
  const taken = sum(missing) + (isRewritten ? sum(brought) : 0);
  const blobs = new Set([...presentBlobs, ...brought.map(({ digest }) => digest)]);
  if (action.kind === 'evict') {
    const { name, replaces } = action;
    const isShared = [...placements.values()].some(
      (one) => one.name !== name && one.digest === replaces,
    );
    if (!isShared) blobs.delete(replaces);
  }
  const given = action.kind === 'evict' ? -(action.bytes.disk ?? 0) : 0;
  const freeBytes = disk.kind === 'known' ? disk.freeBytes - taken + given : 0;
  if (freeBytes < 0) throw new Error('the disk is full');
  const after = disk.kind === 'known' ? { ...disk, freeBytes } : disk;
  seen.set(backendKey(action), { ...backend, disk: after, presentBlobs: blobs });
}

function contentOf(
  action: Extract<Action, { kind: 'pull' | 'create' }>,
  desired: PlanInput['desired'],
  placements: ReadonlyMap<string, ObservedPlacement>,
): Digest {
  const placement = desired.placements.get(placementKey(action));
  if (placement === undefined) throw new Error('builds what is not wanted');
  const { build, artifact } = placement;
  if (action.digest !== null) return action.digest;
  if (build.kind === 'source') return sha256Json(madeFrom(build, artifact, null));
  const foundation = placements.get(build.kind === 'alias' ? build.of : build.base);
  if (foundation === undefined) throw new Error('built on nothing');
  return build.kind === 'alias'
    ? foundation.digest
    : sha256Json(madeFrom(build, artifact, foundation.digest));
}

/** What is new, every engine tells. */
function detailsOf(
  { artifact, ...action }: Extract<Action, { kind: 'pull' | 'create' }>,
  placements: ReadonlyMap<string, ObservedPlacement>,
): Details {
  const recipe = action.kind === 'create' && action.build.kind === 'derive' ? action.build : null;
  const below = recipe && placements.get(recipe.base)?.details?.recipe;
  const parameters = { ...below?.parameters, ...recipe?.recipe.parameters };
  return { weights: artifact.weights, recipe: { ...below, ...recipe?.recipe, parameters } };
}

/** An engine keeps one runner for all names over the same weights. */
const sharesRunner = (a: ObservedPlacement, b: ObservedPlacement): boolean =>
  a.digest === b.digest ||
  (a.details !== null && a.details.weights !== null && a.details.weights === b.details?.weights);

/** Of the second engine of the random cases. */
const countsByName = 'second';

/** One name begins or ends to keep its content in memory; the others see what that leads to. */
function hold(
  placements: Map<string, ObservedPlacement>,
  at: ObservedPlacement,
  loaded: ObservedPlacement['loaded'],
): void {
  placements.set(at.name, { ...at, loaded });
  const holders = new Map(
    [...placements.values()]
      .filter((one) => one.loaded?.ownHold === true)
      .map((one) => [one.digest, one.loaded]),
  );
  for (const [name, one] of placements) {
    if (one.loaded?.ownHold === true) continue;
    const held = holders.get(one.digest) ?? null;
    const shown = held === null ? null : { ...held, expiresAt: 0, ownHold: false };
    placements.set(name, { ...one, loaded: shown });
  }
}

function setLoaded(
  placements: Map<string, ObservedPlacement>,
  at: ObservedPlacement,
  loaded: ObservedPlacement['loaded'],
): void {
  for (const [name, one] of placements) {
    if (sharesRunner(one, at)) placements.set(name, { ...one, loaded });
  }
}

const effective = ({ load, artifact }: DesiredPlacement) =>
  load.contextLength === undefined
    ? {}
    : { contextLength: Math.min(load.contextLength, artifact.facts.contextLength ?? Infinity) };

const copy = (backend: BackendObservation): BackendObservation =>
  backend.kind === 'unreachable'
    ? backend
    : { ...backend, placements: new Map(backend.placements) };

/**
 * Left for a later run on purpose: what was loaded for others is evicted once it no longer is, and an
 * engine is restarted, and loads again what it has to, once nothing on it is in use.
 */
export const waitedForIdle = (action: Action, { held }: Plan): boolean =>
  held.some(
    (one) =>
      one.because === 'in-use' &&
      (placementKey(one) === placementKey(action) ||
        (one.name === engineName && backendKey(one) === backendKey(action))),
  );
