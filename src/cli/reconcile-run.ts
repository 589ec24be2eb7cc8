// Runs the pipeline in front of a person: progress while it goes on, then every problem once.
// Shared by plan, diff and apply, so that the three cannot show the same run differently.
import { setFlagsFromString } from 'node:v8';
import { canonicalJson } from '../core/canonical.ts';
import type { Problem } from '../core/problem.ts';
import { type ReconcileRequest, type Reconciliation, reconcile } from '../reconcile.ts';
import type { CommandContext } from './command-context.ts';
import { createProgressView } from './progress-view.ts';

/** Progress goes away before this returns; problems have been told. */
export async function reconcileInView(
  request: ReconcileRequest,
  context: CommandContext,
): Promise<Reconciliation> {
  const { output, terminal, program, signal } = context;
  keepHeapSmall();
  const io = await context.io();
  const showPlan = request.mode === 'apply';
  const view = createProgressView({ output, terminal, clock: io.clock, program, showPlan });
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

/**
 * Most of what a large plan makes is short-lived text. A young generation that may not grow is
 * collected more often, for a third of the peak memory and no measurable time.
 */
const keepHeapSmall = (): void => setFlagsFromString('--semi-space-growth-factor=1');

function isNews(problem: Problem, told: Set<string>): boolean {
  const key = canonicalJson(problem);
  const news = !told.has(key);
  told.add(key);
  return news;
}
