// Results as data for `-o json`, `-o yaml` and `--json`: the shapes that schemas/ publishes. Keys
// are never renamed or removed within an apiVersion; readers ignore keys that they do not know.
import type { ChangeSet, ChangeSetEntry } from '../core/changeset.ts';
import type { ActionChanges } from '../core/field-change.ts';
import type { Placement } from '../core/key.ts';
import type { Action, Plan } from '../core/plan.ts';
import { planTotals } from '../core/plan-totals.ts';
import type { Problem } from '../core/problem.ts';
import { redact } from './redact.ts';

export const apiVersion = 'modelctl.dev/v1alpha1';

export type Document = { readonly apiVersion: typeof apiVersion; readonly kind: string } & Readonly<
  Record<string, unknown>
>;

export function planDocument(plan: Plan): Document {
  return {
    apiVersion,
    kind: 'Plan',
    set: plan.set,
    revision: plan.revision,
    fingerprint: plan.fingerprint,
    totals: planTotals(plan),
    actions: plan.actions.map(actionDocument),
    unchanged: plan.unchanged,
    held: plan.held.map((held) => ({ ...held, detail: redact(held.detail) })),
    leftovers: plan.leftovers,
    released: plan.released,
    drift: plan.drift,
    warnings: plan.warnings.map(problemDocument),
  };
}

/** An action without the artifact's raw manifest and files: what it is, not how it is fetched. */
export function actionDocument(action: Action): Readonly<Record<string, unknown>> {
  const { kind, id, model, reason, because, bytes, after } = action;
  const common = { kind, id, ...placementFields(action), model, reason, because, bytes, after };
  switch (action.kind) {
    case 'pull':
      return { ...common, ...contentFields(action) };
    case 'create':
      return { ...common, ...contentFields(action), build: action.build };
    case 'load':
      return { ...common, load: action.load };
    case 'unload':
      return common;
    case 'configure':
      return { ...common, changes: action.changes };
    case 'restart':
      return { ...common, reveals: action.reveals };
    case 'evict':
      return { ...common, replaces: action.replaces };
  }
}

export function changeSetDocument(changes: ChangeSet): Document {
  const { plan } = changes;
  return {
    apiVersion,
    kind: 'ChangeSet',
    set: plan.set,
    revision: plan.revision,
    fingerprint: plan.fingerprint,
    interrupted: changes.interrupted,
    entries: changes.entries.map(entryDocument),
    unchanged: plan.unchanged,
    held: planDocument(plan)['held'],
    leftovers: plan.leftovers,
    warnings: plan.warnings.map(problemDocument),
  };
}

export const entryDocument = (entry: ChangeSetEntry): Readonly<Record<string, unknown>> => ({
  action: actionDocument(entry.action),
  outcome: entry.outcome,
  digest: entry.digest,
  downloadedBytes: entry.downloadedBytes,
  durationMs: entry.durationMs,
  ...(entry.problem === undefined ? {} : { problem: problemDocument(entry.problem) }),
});

export const diffDocument = (all: readonly ActionChanges[]): Document => ({
  apiVersion,
  kind: 'Diff',
  items: all.map(({ action, changes }) => ({ action: actionDocument(action), changes })),
});

/** `items` are plain data already. */
export const listDocument = (kind: string, items: readonly unknown[]): Document => ({
  apiVersion,
  kind,
  items,
});

export interface ValidationReport {
  readonly files: readonly string[];
  readonly resources: readonly { readonly kind: string; readonly name: string }[];
  readonly problems: readonly Problem[];
}

export const validationDocument = (report: ValidationReport): Document => ({
  apiVersion,
  kind: 'ValidationReport',
  valid: report.problems.every((problem) => problem.severity !== 'error'),
  files: report.files,
  resources: report.resources,
  problems: report.problems.map(problemDocument),
});

export const problemDocument = (problem: Problem): Problem => ({
  ...problem,
  detail: redact(problem.detail),
  ...(problem.remedy === undefined ? {} : { remedy: redact(problem.remedy) }),
});

const placementFields = ({ host, backend, name }: Placement): Placement => ({
  host,
  backend,
  name,
});

const contentFields = (
  action: Extract<Action, { kind: 'pull' | 'create' }>,
): Readonly<Record<string, unknown>> => ({
  source: redact(action.artifact.source),
  artifactRevision: action.artifact.revision,
  weights: action.artifact.weights,
  digest: action.digest,
  replaces: action.replaces,
  ...(action.way === undefined ? {} : { way: action.way }),
});
