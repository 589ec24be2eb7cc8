// What a program asks of modelctl, with the real world filled in: what is wrong with these manifests,
// what would be done, do it, what is there; lock it, what moved upstream, take it. Each is what the
// command of that name does, without its words; beside them, a look at a store that other programs
// share with us.
import { asChecked } from './artifacts/as-checked.ts';
import { huggingFaceCache } from './artifacts/stores/huggingface/index.ts';
import type { CacheScan } from './artifacts/stores/huggingface/scanned.ts';
import {
  type Bundled,
  type BundleRequest,
  bundle as bundleWith,
  type CopyProgress,
} from './bundle.ts';
import { type Checked, checked } from './core/problem.ts';
import type { Report } from './core/progress.ts';
import type { Manifests } from './core/resource.ts';
import type { Survey } from './core/surveyed.ts';
import type { Suspension } from './core/wish.ts';
import type { Io } from './io/io.ts';
import { createNodeIo } from './io/node.ts';
import { type Locked, type LockRequest, lock as lockWith } from './lock.ts';
import { load } from './manifest/load.ts';
import { type Outdated, type OutdatedRequest, outdated as outdatedWith } from './outdated.ts';
import {
  type ReconcileContext,
  type ReconcileRequest,
  type Reconciliation,
  reconcile,
} from './reconcile.ts';
import {
  type RepairContext,
  type Repaired,
  type RepairRequest,
  repair as repairWith,
} from './repair.ts';
import { type Restored, type RestoreRequest, restore as restoreWith } from './restore.ts';
import { type SurveyRequest, survey as surveyWith } from './survey.ts';
import { type Updated, type UpdateRequest, update as updateWith } from './update.ts';
import {
  type Verified,
  type VerifyContext,
  type VerifyRequest,
  verify as verifyWith,
} from './verify.ts';
import type { Watched, WatchRequest } from './watch.ts';
import {
  type Asked,
  askWatches as askWatchesWith,
  type OwnedModel,
  resume as resumeWith,
  suspend as suspendWith,
} from './wishes.ts';

/** All optional: the defaults are this machine, no end, and nobody listening. */
export interface Options extends Partial<Pick<ReconcileContext, 'engines' | 'sources'>> {
  /** The world: disk, network, processes, time, environment. */
  readonly io?: Io;
  /** Aborting starts nothing new, lets what cannot be left halfway end, and records it. */
  readonly signal?: AbortSignal;
  /** Told of everything that happens, as it happens. Must not throw. */
  readonly report?: Report;
}

export type PlanRequest = Omit<ReconcileRequest, 'mode'>;

/**
 * Reads manifests and checks them, without asking an engine or a registry. `inputs` are files,
 * folders, globs or `-`, relative to the working folder. Refused with every problem found.
 * Rejects only when aborted.
 */
export function validate(
  inputs: readonly string[],
  options: Options = {},
): Promise<Checked<Manifests>> {
  const { io, signal } = filled(options);
  return load(inputs, io, signal);
}

/**
 * What `apply` would do, and why; writes nothing. `plan` in the result is null when the manifests
 * cannot be used: `problems` says why. Rejects only for bugs.
 */
export function plan(request: PlanRequest, options: Options = {}): Promise<Reconciliation> {
  return reconcile({ ...request, mode: 'plan' }, filled(options));
}

/**
 * Makes this machine hold what the manifests declare. Expected failures are in the result:
 * `changes.entries` for each action, `problems` for the run, `exitCode` for all of it (0 done, 1
 * invalid, 3 partly failed, 5 locked by another process, 6 refused, 130 aborted). Rejects only for
 * bugs. Safe to repeat.
 */
export function apply(request: PlanRequest, options: Options = {}): Promise<Reconciliation> {
  return reconcile({ ...request, mode: 'apply' }, filled(options));
}

/**
 * What is on the engines of this machine, whose it is, and, with `inputs`, how it compares with
 * what is declared. An engine that is down has a `problem`, and its owned models are `unknown`.
 */
export function survey(request: SurveyRequest = {}, options: Options = {}): Promise<Survey> {
  return surveyWith(request, filled(options));
}

/**
 * Writes the lock of the manifests: what it lacks is resolved and added, nothing is moved, and what
 * is no longer declared goes. Asks sources only; engines, the ledger and the lock of the machine are
 * left alone. With `check` it says what would change and asks nobody (`exitCode` 2). Rejects only
 * for bugs.
 */
export function lock(request: LockRequest, options: Options = {}): Promise<Locked> {
  return lockWith(request, filled(options));
}

/**
 * How each locked source stands to what upstream serves now: what moved, in which parts, and the
 * bytes to download. A source that cannot be asked is a row of its own (`exitCode` 3). Writes
 * nothing. Rejects only for bugs.
 */
export function outdated(request: OutdatedRequest, options: Options = {}): Promise<Outdated> {
  return outdatedWith(request, filled(options));
}

/**
 * Moves the lock's entries of these Models, or of all, to what upstream serves now; the next apply
 * installs it. Everything else in the lock stays byte for byte. Rejects only for bugs.
 */
export function update(request: UpdateRequest, options: Options = {}): Promise<Updated> {
  return updateWith(request, filled(options));
}

/** How a bundle's bytes get on is told to `onProgress`, not to `report`. */
export interface CopyOptions extends Omit<Options, 'engines' | 'report'> {
  readonly onProgress?: (progress: CopyProgress) => void;
}

/**
 * Writes manifests, lock and locked bytes of a set as one OCI image layout, to a folder or a tar.
 * Bytes come from this machine where they are here. Run again it goes on with what it finds; two runs
 * give the same bytes. Rejects only for bugs.
 */
export function bundle(request: BundleRequest, options: CopyOptions = {}): Promise<Bundled> {
  return bundleWith(request, filled(options));
}

/**
 * Takes a bundle in without any network: its bytes into stores of this machine, verified, manifests
 * and lock into a folder, from which `apply` with `locked` brings the models to the engines. Rejects
 * only for bugs. Safe to repeat.
 */
export function restore(
  request: RestoreRequest,
  options: Omit<CopyOptions, 'sources'> = {},
): Promise<Restored> {
  return restoreWith(request, filled(options));
}

/**
 * Whether the bytes of the locked models of this machine are right, in every store: all of them are
 * hashed, or, with `quick`, those that do not look as when they were hashed last. Changes nothing but
 * what is remembered of that. `exitCode` 2 means damage, 3 that something could not be checked.
 * Rejects only for bugs.
 */
export function verify(
  request: VerifyRequest,
  options: Options & Pick<VerifyContext, 'onProgress'> = {},
): Promise<Verified> {
  return verifyWith(request, filled(options));
}

/**
 * Replaces damaged files, each in one step: from another store that has the bytes, else from the
 * source, the damaged chunks alone where it is known which they are. Rejects only for bugs. Safe to
 * repeat.
 */
export function repair(
  request: RepairRequest,
  options: Options & Pick<RepairContext, 'onProgress' | 'onBytes'> = {},
): Promise<Repaired> {
  return repairWith(request, filled(options));
}

/**
 * Keeps this machine as the manifests declare, until `signal` is aborted: looks when a file changes,
 * when somebody asks through the ledger, and once an interval. What it does, and what stands in the
 * way, is told to `report`, each thing once. Rejects only for bugs.
 */
export async function watch(
  request: WatchRequest,
  options: Options & { readonly signal: AbortSignal },
): Promise<Watched> {
  const [{ watch: watchWith }, { watchFiles }] = await Promise.all([
    import('./watch.ts'),
    import('./io/node/watch-files.ts'),
  ]);
  return watchWith(request, { ...filled(options), watchFiles });
}

/**
 * Leaves a Model, or whatever is served under a name, alone until then: neither `apply` nor `watch`
 * changes or evicts it. Throws when nothing on this machine is called so.
 */
export function suspend(
  name: string,
  ending: { readonly until: number; readonly reason: string },
  options: Pick<Options, 'io'> = {},
): Promise<readonly Suspension[]> {
  return suspendWith(name, ending, filled(options));
}

/** Ends that, and has what a `watch` gave up as contested tried again. */
export function resume(
  name: string,
  options: Pick<Options, 'io'> = {},
): Promise<readonly OwnedModel[]> {
  return resumeWith(name, filled(options));
}

/**
 * Asks every `watch` that runs on this machine to look at a name, or at all (null), now; waits up to
 * `timeoutMs` for the answers, or for none. Throws when no watch runs.
 */
export function askWatches(
  name: string | null,
  waiting: { readonly timeoutMs: number | null },
  options: Pick<Options, 'io' | 'signal'> = {},
): Promise<readonly Asked[]> {
  return askWatchesWith(name, waiting, filled(options));
}

/**
 * What is in the Hugging Face cache of this machine, or in the one at `folder`, whoever put it
 * there: repositories, revisions, blobs and what is wrong with them. Reads names and sizes only.
 */
export function scanHuggingFaceCache(
  options: Pick<Options, 'io'> & { readonly folder?: string } = {},
): Promise<Checked<CacheScan>> {
  const { io, signal } = filled(options);
  return asChecked(signal, async () => checked(await huggingFaceCache(io, options.folder).scan()));
}

const filled = <T extends Options>(
  options: T,
): T & Pick<ReconcileContext, 'io' | 'signal' | 'report'> => ({
  ...options,
  io: options.io ?? createNodeIo(),
  signal: options.signal ?? new AbortController().signal,
  report: options.report ?? (() => undefined),
});
