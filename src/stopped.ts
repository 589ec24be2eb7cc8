// What is told of a run that came to no decision: why, and how it exits. Pure.
import type { Problem } from './core/problem.ts';
import type { Reconciliation } from './reconcile.ts';
import { unlockedCode } from './resolve/lock-gap.ts';

/** What is wrong with what was given; a lock that `--locked` may not bring up to date is refused. */
export const refusedWith = (problems: readonly Problem[]): Reconciliation =>
  stopped(problems, problems.some(({ code }) => code === unlockedCode) ? 6 : 1);

export const stopped = (
  problems: readonly Problem[],
  exitCode: Reconciliation['exitCode'],
): Reconciliation => ({
  plan: null,
  changes: null,
  desired: null,
  observed: null,
  backends: [],
  engineChoice: null,
  lock: null,
  problems,
  exitCode,
});
