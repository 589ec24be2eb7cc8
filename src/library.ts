// The four things a program asks of modelctl, with the real world filled in: what is wrong with
// these manifests, what would be done, do it, what is there. Each is what the command of that name
// does, without its words.
import type { Checked } from './core/problem.ts';
import type { Report } from './core/progress.ts';
import type { Manifests } from './core/resource.ts';
import type { Survey } from './core/surveyed.ts';
import type { Io } from './io/io.ts';
import { createNodeIo } from './io/node.ts';
import { load } from './manifest/load.ts';
import {
  type ReconcileContext,
  type ReconcileRequest,
  type Reconciliation,
  reconcile,
} from './reconcile.ts';
import { type SurveyRequest, survey as surveyWith } from './survey.ts';

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

const filled = (options: Options): ReconcileContext => ({
  ...options,
  io: options.io ?? createNodeIo(),
  signal: options.signal ?? new AbortController().signal,
  report: options.report ?? (() => undefined),
});
