// The pipeline: load, resolve, observe, plan (consider.ts), execute, record (apply.ts). `plan`,
// `apply` and the library all call this; nothing else decides. A look that finds nothing to do
// takes no lock and writes nothing; otherwise it is repeated under the lock, since what gates a
// write must not be stale.

import type { Applied } from './apply.ts';
import type { Sources } from './artifacts/source.ts';
import { sources } from './artifacts/sources/index.ts';
import type { Engines } from './backends/backend.ts';
import { engines } from './backends/index.ts';
import type { Companions } from './companions.ts';
import { type Considered, consider, type Surroundings } from './consider.ts';
import type { Artifact } from './core/artifact.ts';
import type { BackendReference } from './core/backend-reference.ts';
import { type ChangeSet, exitCodeOf, hasRevealed } from './core/changeset.ts';
import type { Desired } from './core/desired.ts';
import type { Digest } from './core/digest.ts';
import type { Observed } from './core/observed.ts';
import type { Plan } from './core/plan.ts';
import { errorProblem, type Problem, ProblemError } from './core/problem.ts';
import type { Report } from './core/progress.ts';
import { homeOf } from './io/home.ts';
import type { Io } from './io/io.ts';
import { withDrafts } from './machine-drafts.ts';
import { withLedger } from './machine-ledger.ts';
import type { LoopKnowledge } from './plan/world.ts';
import type { Ledger } from './record/ledger.ts';
import { joined } from './second-look.ts';
import { reconcilerLockPathOf } from './state-files.ts';
import { refusedWith, stopped } from './stopped.ts';

export interface ReconcileRequest {
  /** Files, folders, globs or `-`, as with `-f`. */
  readonly inputs: readonly string[];
  /** `plan` reads only; `apply` executes what it planned. */
  readonly mode: 'plan' | 'apply';
  /** Evict what left the set. Default: false, it is listed as left over. */
  readonly prune?: boolean;
  /** Refuse when the lock is missing or not what the manifests want, instead of changing it. */
  readonly locked?: boolean;
  /** Served names or Model names whose foreign content may be replaced. */
  readonly takeOver?: readonly string[];
  /** How many evictions and overwrites the blast-radius guard lets through. */
  readonly allowEvictions?: number;
  /** Model names: only these are evaluated, and nothing is pruned. */
  readonly targets?: readonly string[];
  /** Keys of backends: only these are looked at, and nothing elsewhere is judged or pruned. */
  readonly backends?: readonly string[];
  /** Asked by a loop, which gives up what others undo again and again. */
  readonly loop?: LoopKnowledge;
  /** Show what drifted and propose nothing. */
  readonly refreshOnly?: boolean;
  /** The set moved here from elsewhere on purpose. */
  readonly sameSet?: boolean;
  /** Which declared Host this machine is. */
  readonly host?: string;
  /** Fingerprint of a saved plan: any other outcome of planning is refused. */
  readonly expectedFingerprint?: Digest;
  /** Bytes per second that models are transferred with at most; in the place of the Host's. */
  readonly rateLimit?: number;
  /** Milliseconds to wait for another process's lock. Default 0. */
  readonly lockTimeoutMs?: number;
}

export interface ReconcileContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Other engines or sources than the built-in ones: for tests, and for programs with their own. */
  readonly engines?: Engines;
  readonly sources?: Sources;
}

/** The lock file of the set, after this run. */
export interface LockState {
  /** Absolute path: where it is, or would be made. */
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly written: boolean;
}

export interface Reconciliation {
  /** Absent when the manifests could not be used at all: see `problems`. */
  readonly plan: Plan | null;
  /** Absent for `plan`, and when there was nothing to do. */
  readonly changes: ChangeSet | null;
  readonly desired: Desired | null;
  readonly observed: Observed | null;
  readonly backends: readonly BackendReference[];
  /** Why this engine, when none was declared: one sentence. */
  readonly engineChoice: string | null;
  readonly lock: LockState | null;
  /** Errors that stopped the run, and warnings. */
  readonly problems: readonly Problem[];
  /** As design section 9 freezes them, without the 2 of `plan --detailed-exitcode`. */
  readonly exitCode: 0 | 1 | 3 | 4 | 5 | 6 | 130;
}

/**
 * Brings this machine to what the manifests declare, or says what that would take.
 *
 * Expected failures are in the result (`problems`, `exitCode`); it rejects only for bugs of ours.
 * An aborted `signal` starts nothing new, lets what runs end by itself and records it.
 */
export async function reconcile(
  request: ReconcileRequest,
  context: ReconcileContext,
): Promise<Reconciliation> {
  const home = homeOf(context.io.environment);
  const around = {
    ...context,
    engines: context.engines ?? engines,
    sources: context.sources ?? sources,
    stateFolder: home.state,
    cacheFolder: home.cache,
    newSet: context.io.random.hex(16),
    resolved: new Map<string, Artifact>(),
  };
  try {
    const looked = await withLedger(around.io, 'read', (ledger) =>
      lookOnly(request, { ...around, ledger }),
    );
    if (looked.done) return looked.result;
    return await underLock(request, around, (ledger) => act(request, { ...around, ledger }));
  } catch (error) {
    if (context.signal.aborted) return stopped([], 130);
    if (error instanceof ProblemError) return stopped([error.problem], 3);
    throw error;
  }
}

type Around = Omit<Surroundings, 'ledger'> & {
  readonly cacheFolder: string;
  readonly report: Report;
};
type AroundLedger = Around & { readonly ledger: Ledger };

/** Decides without writing; done when that was all that was asked, or there is nothing to do. */
async function lookOnly(
  request: ReconcileRequest,
  around: AroundLedger,
): Promise<{ readonly done: boolean; readonly result: Reconciliation }> {
  const considered = await consider(request, around);
  if (!considered.ok) return { done: true, result: refusedWith(considered.problems) };
  const { value, problems } = considered;
  const stale = staleResult(request, value, problems, around.ledger);
  if (stale !== null) return { done: true, result: stale };
  const result = resultOf(value, around.ledger, problems, null);
  if (request.mode === 'plan') {
    tell(value, around);
    return { done: true, result: { ...result, exitCode: 0 } };
  }
  // What writes is loaded by runs that may write.
  const { hasWork } = await import('./apply.ts');
  if (hasWork(value, around)) {
    if (fetches(value)) around.io.files.prepareToAssemble?.();
    return { done: false, result };
  }
  tell(value, around);
  return { done: true, result };
}

const fetches = ({ plan }: Considered): boolean =>
  plan.actions.some(({ bytes }) => bytes.download > 0);

/** Decides again, now that nobody else acts on this machine, and does it. */
async function act(request: ReconcileRequest, before: AroundLedger): Promise<Reconciliation> {
  const { ledger } = before;
  if (ledger.problem !== null) return stopped([ledger.problem], 6);
  // First: what a killed run left takes room that the plan counts on.
  const around = { ...before, io: await withDrafts(before.io, ledger) };
  const considered = await consider(request, around);
  if (!considered.ok) return refusedWith(considered.problems);
  const { value, problems } = considered;
  const stale = staleResult(request, value, problems, around.ledger);
  if (stale !== null) return stale;
  tell(value, around);
  const companions = await lonely();
  const { apply } = await import('./apply.ts');
  const applied = await apply(value, { ...around, companions });
  const result = resultOf(value, around.ledger, problems, applied);
  return request.expectedFingerprint === undefined && hasRevealed(applied.changes)
    ? goOn(request, { ...around, companions }, result)
    : result;
}

/** A run that acts alone. */
async function lonely(): Promise<Companions> {
  const { createCompanions } = await import('./companions.ts');
  const { createFlights } = await import('./artifacts/transfer/obtain.ts');
  return createCompanions(createFlights());
}

/** Looks once more, does what there is to do now, and tells of both as of one run. */
async function goOn(
  request: ReconcileRequest,
  around: AroundLedger & { readonly companions: Companions },
  first: Reconciliation,
): Promise<Reconciliation> {
  const considered = await consider(request, around);
  if (!considered.ok) return refusedWith(considered.problems);
  const { value, problems } = considered;
  tell(value, around);
  const { apply } = await import('./apply.ts');
  return joined(first, resultOf(value, around.ledger, problems, await apply(value, around)));
}

/** What was decided, before any of it is done: the engine, if nobody declared one, and the plan. */
function tell({ plan, resolved }: Considered, { report }: Around): void {
  const why = resolved.choice?.why ?? null;
  if (why !== null) report({ kind: 'note', text: `Engine: ${why}` });
  report({ kind: 'planned', plan });
}

/** Another outcome than the saved plan's, also when there is nothing left to do: null when not. */
function staleResult(
  { expectedFingerprint }: ReconcileRequest,
  considered: Considered,
  problems: readonly Problem[],
  ledger: Ledger,
): Reconciliation | null {
  const { fingerprint } = considered.plan;
  if (expectedFingerprint === undefined || expectedFingerprint === fingerprint) return null;
  return { ...resultOf(considered, ledger, [stalePlan, ...problems], null), exitCode: 6 };
}

function resultOf(
  { plan, resolved, observed, setState, lockUpdate }: Considered,
  ledger: Ledger,
  warnings: readonly Problem[],
  applied: Applied | null,
): Reconciliation {
  const changes = applied?.changes ?? null;
  const written = applied !== null && applied.lockPath !== null;
  return {
    plan,
    changes,
    desired: resolved.desired,
    observed,
    backends: [...resolved.engines.values()].map(({ reference }) => reference),
    engineChoice: resolved.choice?.why ?? null,
    lock: {
      path: applied?.lockPath ?? setState.lockPath,
      added: lockUpdate.added.length,
      removed: lockUpdate.removed.length,
      written,
    },
    problems: [...(ledger.problem === null ? [] : [ledger.problem]), ...warnings],
    exitCode: exitCodeOf(plan, changes),
  };
}

async function underLock(
  request: ReconcileRequest,
  around: Around,
  work: (ledger: Ledger) => Promise<Reconciliation>,
): Promise<Reconciliation> {
  const { io, signal } = around;
  const { acquireLock } = await import('./record/lock.ts');
  const lock = await acquireLock(
    {
      path: reconcilerLockPathOf(io.environment),
      timeoutMs: request.lockTimeoutMs ?? 0,
      holder: {
        pid: io.processes.pid,
        command: `modelctl apply -f ${request.inputs.join(' -f ')}`,
        since: io.clock.now(),
      },
    },
    io,
    signal,
  );
  if (!lock.ok) {
    const isHeld = lock.problems.some(({ code }) => code === 'record/locked');
    return stopped(lock.problems, isHeld ? 5 : 3);
  }
  try {
    return await withLedger(around.io, 'write', work);
  } finally {
    await lock.value.release();
  }
}

const stalePlan: Problem = errorProblem({
  code: 'plan/stale',
  summary: 'The saved plan no longer holds',
  detail: 'The manifests, the lock or the machine changed since it was made.',
  remedy: 'Plan again, look at it, and apply that:\n\n    modelctl plan --out FILE',
});
