// Stage 5: does what the plan says, and nothing else. A walk over the plan's graph with bounded
// concurrency: what can run at the same time does, what waits for a failed action is skipped, and
// an abort starts nothing new and lets what runs come to its own end.
import type { Performed } from '../backends/backend.ts';
import { assert } from '../core/assert.ts';
import { type ChangeSet, type ChangeSetEntry, type Outcome, outcomeOf } from '../core/changeset.ts';
import type { Action, ActionId, Plan } from '../core/plan.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Report } from '../core/progress.ts';
import type { Io } from '../io/io.ts';
import { type RetryBounds, retry } from '../io/retry.ts';
import { defaultLimits, type Limits, nextActions } from './schedule.ts';

export interface ExecuteContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly limits?: Limits;
  /** Runs one action on its engine. */
  readonly perform: (action: Action, signal: AbortSignal) => Promise<Performed>;
  /** Called before an action's first effect, and after its last. Throwing ends the run. */
  readonly onBegin: (action: Action) => void;
  readonly onEnd: (entry: ChangeSetEntry, performed: Performed) => void;
}

/** An action that failed in a way that may pass is tried so often in one run. */
export const actionRetry: RetryBounds = { attemptsMax: 3, delayMsFirst: 500, delayMsMax: 8000 };

/** Rejects, when something is thrown, only after everything that ran has come to its end. */
export async function execute(plan: Plan, context: ExecuteContext): Promise<ChangeSet> {
  const entries: ChangeSetEntry[] = [];
  const ended = new Map<ActionId, Outcome>();
  const running = new Map<ActionId, Action>();
  const pending = new Set<Promise<void>>();
  const thrown: unknown[] = [];
  const end = (entry: ChangeSetEntry): void => {
    entries.push(entry);
    ended.set(entry.action.id, entry.outcome);
    context.report({ kind: 'finished', entry });
  };
  const start = (action: Action): void => {
    running.set(action.id, action);
    const run = runAction(action, context)
      .then(end)
      .catch((error: unknown) => void thrown.push(error))
      .finally(() => {
        running.delete(action.id);
        pending.delete(run);
      });
    pending.add(run);
  };
  while (ended.size < plan.actions.length) {
    if (context.signal.aborted || thrown.length > 0) break;
    const next = nextActions(plan.actions, { ended, running }, context.limits ?? defaultLimits);
    for (const action of next.drop) end(skipped(action));
    for (const action of next.start) start(action);
    if (next.drop.length > 0) continue;
    assert(pending.size > 0, 'actions of a plan wait for one another');
    await Promise.race(pending);
  }
  await Promise.all(pending);
  if (thrown.length > 0) throw thrown[0];
  const interrupted = context.signal.aborted;
  for (const action of plan.actions) {
    if (!ended.has(action.id)) end(skipped(action));
  }
  return { plan, entries, interrupted };
}

async function runAction(action: Action, context: ExecuteContext): Promise<ChangeSetEntry> {
  const { io, signal, report } = context;
  const startedAt = io.clock.now();
  context.onBegin(action);
  let inDoubt = false;
  const perform = async (attempt: number): Promise<Performed> => {
    report({ kind: 'started', action, attempt });
    const performed = await context.perform(action, signal);
    // Done already, and an attempt of ours may have done it: then it was not found, but made.
    const isOurs = inDoubt && performed.outcome === 'unchanged';
    inDoubt ||= performed.outcome === 'unknown';
    return isOurs ? { ...performed, outcome: outcomeOf[action.kind] } : performed;
  };
  const performed = await retry(perform, {
    clock: io.clock,
    random: io.random,
    signal,
    bounds: actionRetry,
    problemOf: problemOfFailure,
    onRetry: (problem, delayMs) =>
      report({ kind: 'retrying', action: action.id, problem, delayMs }),
  });
  const { details: _, ...result } = performed;
  const entry = { action, ...result, durationMs: io.clock.now() - startedAt };
  context.onEnd(entry, performed);
  return entry;
}

const problemOfFailure = ({ outcome, problem }: Performed): Problem | undefined =>
  outcome === 'failed' || outcome === 'unknown' ? problem : undefined;

const skipped = (action: Action): ChangeSetEntry => ({
  action,
  outcome: 'skipped',
  digest: null,
  downloadedBytes: 0,
  durationMs: 0,
  problem: notStarted,
});

const notStarted: Problem = errorProblem({
  code: 'execute/not-started',
  summary: 'An action was not started',
  detail: 'What it waits for did not succeed, or the run was interrupted.',
  remedy: 'Run the command again once the cause is gone.',
  retry: 'later',
});
