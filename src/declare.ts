// What is decided once for a revision: load and resolve. It depends on the manifests, the lock, this
// machine and what the ledger knows of the set, and on no engine's state, so that a loop may go on
// with it for as long as none of that has changed. Reads only.
import type { Routes } from './artifacts/registries/route.ts';
import type { Sources } from './artifacts/source.ts';
import type { Engines } from './backends/backend.ts';
import type { Artifact } from './core/artifact.ts';
import type { BackendReference } from './core/backend-reference.ts';
import { type Checked, checked, type Problem, refused } from './core/problem.ts';
import type { Manifests } from './core/resource.ts';
import type { Io } from './io/io.ts';
import { load } from './manifest/load.ts';
import { unknownTakeOvers, unknownTargets } from './named.ts';
import type { ReconcileRequest } from './reconcile.ts';
import type { Ledger } from './record/ledger.ts';
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

export interface Declaration {
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
  readonly lockUpdate: LockUpdate;
}

export async function declare(
  request: ReconcileRequest,
  around: Surroundings,
): Promise<Checked<Declaration>> {
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

  const keepsLock = request.locked === true || request.refreshOnly === true;
  return checked(
    {
      manifests,
      routes,
      set,
      setState: setState.value,
      location: locationOf(request, ledger, set, setState.value),
      chosenEngine: resolved.value.choice?.reference ?? recordedEngine,
      resolved: resolved.value,
      lockUpdate: keepsLock
        ? noLockUpdate
        : await lockUpdate(set, setState.value, manifests, resolved.value),
    },
    [...loaded.problems, ...unknownTakeOvers(request.takeOver, manifests, resolved.value.desired)],
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
