// The reading half of the pipeline: load, resolve, observe, plan. It writes nothing anywhere, so
// that it can be asked as often as one likes: `plan` stops here, and `apply` asks once before it
// takes the lock of this machine and once under it.
import type { Routes } from './artifacts/registries/route.ts';
import type { SourceContext, Sources } from './artifacts/source.ts';
import type { Engines } from './backends/backend.ts';
import type { Artifact } from './core/artifact.ts';
import type { BackendReference } from './core/backend-reference.ts';
import type { LedgerView } from './core/inventory.ts';
import { backendKey } from './core/key.ts';
import type { Observed } from './core/observed.ts';
import type { Plan } from './core/plan.ts';
import { type Checked, checked, type Problem, refused } from './core/problem.ts';
import type { Manifests } from './core/resource.ts';
import type { Io } from './io/io.ts';
import { load } from './manifest/load.ts';
import { unknownTakeOvers, unknownTargets } from './named.ts';
import { withNearby } from './nearby.ts';
import { observe } from './observe/observe.ts';
import { plan } from './plan/plan.ts';
import type { ReconcileRequest } from './reconcile.ts';
import type { Ledger } from './record/ledger.ts';
import { type Asking, withRegistryAnswers } from './registry-answers.ts';
import type { Engine } from './resolve/engines.ts';
import { unlocked } from './resolve/lock-gap.ts';
import { type LockUpdate, lockUpdate, noLockUpdate } from './resolve/lock-update.ts';
import { declaredReferences } from './resolve/references.ts';
import { type Resolved, resolve } from './resolve/resolve.ts';
import { readSet, type SetState } from './resolve/set.ts';
import { selfNames, setRoutes } from './set-routes.ts';

export interface Surroundings {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly engines: Engines;
  readonly sources: Sources;
  readonly ledger: Ledger;
  readonly stateFolder: string;
  /** The id of a set that has no lock yet: the same for every look of one run. */
  readonly newSet: string;
  /** What was resolved by an earlier look of the same run, by source: not asked for again. */
  readonly resolved: Map<string, Artifact>;
}

/** Everything that a run knows once it has decided. */
export interface Considered {
  readonly manifests: Manifests;
  /** How the places are reached that bytes come from. */
  readonly routes: Routes;
  readonly set: string;
  readonly setState: SetState;
  /** Where the ledger says that the set lives: it moves only when told to. */
  readonly location: string;
  /** Chosen for the set now or in an earlier run; null when it never needed one. */
  readonly chosenEngine: BackendReference | null;
  readonly resolved: Resolved;
  readonly ledgerView: LedgerView;
  readonly observed: Observed;
  readonly plan: Plan;
  readonly lockUpdate: LockUpdate;
}

export async function consider(
  request: ReconcileRequest,
  around: Surroundings,
): Promise<Checked<Considered>> {
  const { io, signal, ledger } = around;
  const loaded = await load(request.inputs, io, signal);
  if (!loaded.ok) return loaded;
  const manifests = loaded.value;
  const unknown = unknownTargets(request.targets, manifests);
  if (unknown.length > 0) return refused(...loaded.problems, ...unknown);
  const setState = await readSet(manifests, around.stateFolder, io);
  if (!setState.ok) return setState;
  if (request.locked === true) {
    const refusals = unlockedProblems(manifests, setState.value, around);
    if (refusals.length > 0) return refused(...loaded.problems, ...refusals);
  }
  const set = setState.value.lock?.set ?? around.newSet;
  const recordedEngine = ledger.setRecord(set)?.engine ?? null;
  const self = selfNames(request.host, io);
  const routes = setRoutes({ manifests, self, rateLimit: request.rateLimit }, io);
  const resolved = await resolve(
    {
      manifests,
      set,
      setFolder: setState.value.folder,
      locked: setState.value.locked,
      known: (source) => setState.value.pinnedElsewhere(source) ?? around.resolved.get(source),
      incompleteBecause: incompleteBecause(request, ledger, set, setState.value),
      self,
      recordedEngine,
      engines: around.engines,
      sources: around.sources,
    },
    { io, signal, routes },
  );
  if (!resolved.ok) return refused(...loaded.problems, ...resolved.problems);
  for (const { source, artifact } of resolved.value.pins) around.resolved.set(source, artifact);

  const { desired } = resolved.value;
  const keepsLock = request.locked === true || request.refreshOnly === true;
  const ledgerView = ledger.view(io.clock.now());
  const engines = withFormerEngines(resolved.value.engines, set, around);
  const observed = await lookAround(engines, ledgerView, around, {
    desired,
    sources: around.sources,
    locked: sourcesLocked(setState.value, resolved.value),
    from: { io, signal, routes, folder: setState.value.folder },
  });
  const planned = plan({ desired, observed, ledger: ledgerView, options: planOptions(request) });
  return checked(
    {
      manifests,
      routes,
      set,
      setState: setState.value,
      location: locationOf(request, ledger, set, setState.value),
      chosenEngine: resolved.value.choice?.reference ?? recordedEngine,
      resolved: { ...resolved.value, engines },
      ledgerView,
      observed,
      plan: planned,
      lockUpdate: keepsLock
        ? noLockUpdate
        : await lockUpdate(set, setState.value, manifests, resolved.value),
    },
    [...loaded.problems, ...unknownTakeOvers(request.takeOver, manifests, desired)],
  );
}

/** Known from files alone: no engine and no source is asked for what is refused. */
function unlockedProblems(
  manifests: Manifests,
  state: SetState,
  { sources, io }: Surroundings,
): readonly Problem[] {
  const declared = declaredReferences({ manifests, sources, folder: state.folder, io });
  if (!declared.ok) return declared.problems;
  const problem = unlocked(state, manifests, declared.value);
  return problem === null ? [] : [problem];
}

/** The engines, and what matters of stores and registries for what they lack. */
async function lookAround(
  engines: ReadonlyMap<string, Engine>,
  ledgerView: LedgerView,
  { io, signal, ledger }: Surroundings,
  { from, ...asking }: Omit<Asking, 'references'> & { readonly from: SourceContext },
): Promise<Observed> {
  const references = [...engines.values()].map(({ reference }) => reference);
  const seen = await observe(engines, asking.desired, ledgerView, { io, signal });
  const near = await withNearby(seen, asking.desired, storesOf(engines, ledger), io);
  return withRegistryAnswers(near, { ...asking, references }, from);
}

/** What the lock of the set answered for: no source was asked. */
const sourcesLocked = (
  { locked, pinnedElsewhere }: SetState,
  { pins }: Resolved,
): ReadonlySet<string> =>
  new Set(
    pins.flatMap((pin) =>
      (locked(pin) ?? pinnedElsewhere(pin.source)) === undefined ? [] : [pin.source],
    ),
  );

/** Every engine that this machine ever had: one that is not asked now may hold bytes all the same. */
const storesOf = (
  engines: ReadonlyMap<string, Engine>,
  ledger: Ledger,
): readonly BackendReference[] => [
  ...ledger.backends(),
  ...[...engines.values()].map(({ reference }) => reference),
];

/** What left the set may stand on an engine that no Model names any more: that is looked at too. */
function withFormerEngines(
  engines: ReadonlyMap<string, Engine>,
  set: string,
  { ledger, engines: list }: Surroundings,
): ReadonlyMap<string, Engine> {
  const all = new Map(engines);
  const owned = new Set(
    ledger.inventory().flatMap((one) => (one.set === set ? backendKey(one) : [])),
  );
  for (const reference of ledger.backends()) {
    const key = backendKey({ host: reference.host, backend: reference.id });
    if (owned.has(key) && !all.has(key))
      all.set(key, { reference, backend: list.create(reference) });
  }
  return all;
}

const locationOf = (
  request: ReconcileRequest,
  ledger: Ledger,
  set: string,
  { folder }: SetState,
): string => (request.sameSet === true ? folder : (ledger.setRecord(set)?.location ?? folder));

/** The same set id from another place may be a copy: it must not prune what the first one owns. */
function incompleteBecause(
  request: ReconcileRequest,
  ledger: Ledger,
  set: string,
  state: SetState,
): string | null {
  const home = locationOf(request, ledger, set, state);
  if (home !== state.folder) {
    return `This set lives in ${home}. If it moved here: modelctl apply --same-set`;
  }
  return state.incompleteBecause;
}

const planOptions = (request: ReconcileRequest) => ({
  prune: request.prune ?? false,
  takeOver: new Set(request.takeOver),
  allowEvictions: request.allowEvictions ?? null,
  targets: request.targets === undefined ? null : new Set(request.targets),
  refreshOnly: request.refreshOnly ?? false,
});
