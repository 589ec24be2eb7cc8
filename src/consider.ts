// The reading half of the pipeline: load, resolve (declare.ts), observe, plan. It writes nothing
// anywhere, so that it can be asked as often as one likes: `plan` stops here, and `apply` asks once
// before it takes the lock of this machine and once under it. A loop declares once for a revision,
// and looks at each engine by itself.
import type { SourceContext } from './artifacts/source.ts';
import type { BackendReference } from './core/backend-reference.ts';
import type { LedgerView } from './core/inventory.ts';
import { backendKey } from './core/key.ts';
import type { Observed } from './core/observed.ts';
import type { Plan } from './core/plan.ts';
import { type Checked, checked } from './core/problem.ts';
import { type Declaration, declare, type Surroundings } from './declare.ts';
import { withNearby } from './nearby.ts';
import { observe } from './observe/observe.ts';
import { plan } from './plan/plan.ts';
import type { ReconcileRequest } from './reconcile.ts';
import type { Ledger } from './record/ledger.ts';
import { type Asking, withRegistryAnswers } from './registry-answers.ts';
import type { Engine } from './resolve/engines.ts';
import type { Resolved } from './resolve/resolve.ts';
import type { SetState } from './resolve/set.ts';

export type { Surroundings } from './declare.ts';

/** Everything that a run knows once it has decided. */
export interface Considered extends Declaration {
  readonly ledgerView: LedgerView;
  readonly observed: Observed;
  readonly plan: Plan;
  /** By `backendKey`: only these engines were looked at; null for all. */
  readonly backends: ReadonlySet<string> | null;
}

export async function consider(
  request: ReconcileRequest,
  around: Surroundings,
): Promise<Checked<Considered>> {
  const declared = await declare(request, around);
  if (!declared.ok) return declared;
  return checked(await look(declared.value, request, around), declared.problems);
}

/** Asks the engines, all or those in the request's scope, and decides. */
export async function look(
  declaration: Declaration,
  request: LookRequest,
  around: Surroundings,
): Promise<Considered> {
  const { io, signal, ledger } = around;
  const { set, resolved } = declaration;
  const { desired } = resolved;
  const ledgerView = ledger.view(io.clock.now());
  const every = withFormerEngines(resolved.engines, set, around);
  const backends = request.backends === undefined ? null : new Set(request.backends);
  const engines = new Map([...every].filter(([key]) => backends?.has(key) ?? true));
  const { routes, setState } = declaration;
  const observed = await lookAround({ engines, every }, ledgerView, around, {
    desired,
    sources: around.sources,
    locked: sourcesLocked(setState, resolved),
    from: { io, signal, routes, folder: setState.folder },
  });
  const options = { ...planOptions(request), backends, loop: request.loop ?? null };
  return {
    ...declaration,
    resolved: { ...resolved, engines },
    ledgerView,
    observed,
    backends,
    plan: plan({ desired, observed, ledger: ledgerView, options }),
  };
}

/** The part of a request that is about what is done with what is declared. */
export type LookRequest = Pick<
  ReconcileRequest,
  'prune' | 'takeOver' | 'allowEvictions' | 'targets' | 'refreshOnly' | 'backends' | 'loop'
>;

/** The engines, and what matters of stores and registries for what they lack. */
async function lookAround(
  {
    engines,
    every,
  }: {
    readonly engines: ReadonlyMap<string, Engine>;
    readonly every: ReadonlyMap<string, Engine>;
  },
  ledgerView: LedgerView,
  { io, signal, ledger }: Surroundings,
  { from, ...asking }: Omit<Asking, 'references'> & { readonly from: SourceContext },
): Promise<Observed> {
  const references = [...engines.values()].map(({ reference }) => reference);
  const seen = await observe(engines, asking.desired, ledgerView, { io, signal });
  const near = await withNearby(seen, asking.desired, storesOf(every, ledger), io);
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
export function withFormerEngines(
  engines: ReadonlyMap<string, Engine>,
  set: string,
  { ledger, engines: list }: Pick<Surroundings, 'ledger' | 'engines'>,
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

const planOptions = (request: LookRequest) => ({
  prune: request.prune ?? false,
  takeOver: new Set(request.takeOver),
  allowEvictions: request.allowEvictions ?? null,
  targets: request.targets === undefined ? null : new Set(request.targets),
  refreshOnly: request.refreshOnly ?? false,
});
