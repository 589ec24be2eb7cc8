// Runs the pipeline in front of a person: progress while it goes on, then every problem once.
// Shared by plan, diff and apply, so that the three cannot show the same run differently.
import { resolve } from 'node:path';
import { canonicalJson } from '../core/canonical.ts';
import type { Problem } from '../core/problem.ts';
import type { Io } from '../io/io.ts';
import { type ReconcileRequest, type Reconciliation, reconcile } from '../reconcile.ts';
import { ledgerPathOf } from '../state-files.ts';
import type { CommandContext } from './command-context.ts';
import { createProgressView } from './progress-view.ts';

/** Progress goes away before this returns; problems have been told. */
export async function reconcileInView(
  request: ReconcileRequest,
  context: CommandContext,
): Promise<Reconciliation> {
  const { output, terminal, signal } = context;
  const io = await context.io();
  await keepHeapSmall(request.inputs, io);
  const showPlan = request.mode === 'apply';
  const view = createProgressView({ output, terminal, clock: io.clock, showPlan });
  const told = new Set<string>();
  const result = await reconcile(request, {
    io,
    signal,
    report: (event) => {
      if (event.kind === 'problem') told.add(canonicalJson(event.problem));
      view.report(event);
    },
  }).finally(view.end);
  const untold = [...result.problems, ...(result.plan?.warnings ?? [])].filter((problem) =>
    isNews(problem, told),
  );
  for (const problem of untold) output.problem(problem);
  return result;
}

/** Manifests or a ledger of thousands of models. For less it is not worth the 3 ms it takes. */
const largeBytes = 1024 * 1024;

/**
 * Most of what a large plan makes is short-lived text. A young generation that may not grow is
 * collected more often, for a third of the peak memory and no measurable time.
 */
async function keepHeapSmall(inputs: readonly string[], io: Io): Promise<void> {
  const { workingFolder } = io.environment;
  const paths = inputs.map((input) => resolve(workingFolder, input));
  for (const path of [ledgerPathOf(io.environment), ...paths]) {
    const found = await io.files.stat(path).catch(() => null);
    if (found === null || found.bytes < largeBytes) continue;
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--semi-space-growth-factor=1');
    return;
  }
}

function isNews(problem: Problem, told: Set<string>): boolean {
  const key = canonicalJson(problem);
  const news = !told.has(key);
  told.add(key);
  return news;
}
