// A run looks twice where it started an engine: what that holds could not be seen before. Both looks
// and what was done after each are one run to whoever asked for it. Pure.
import { exitCodeOf } from './core/changeset.ts';
import type { Reconciliation } from './reconcile.ts';

/** What the second found wins; what was done is told of both. */
export function joined(first: Reconciliation, second: Reconciliation): Reconciliation {
  if (first.changes === null || second.plan === null) return second;
  const { plan, entries } = first.changes;
  const changes = {
    plan: { ...second.plan, actions: [...plan.actions, ...second.plan.actions] },
    entries: [...entries, ...(second.changes?.entries ?? [])],
    interrupted: second.changes?.interrupted ?? false,
  };
  const lock = second.lock?.written === true ? second.lock : first.lock;
  return {
    ...second,
    plan: changes.plan,
    changes,
    lock,
    exitCode: exitCodeOf(second.plan, changes),
  };
}
