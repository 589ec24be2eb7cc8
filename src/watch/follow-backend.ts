// The work on one engine, and what follows from how it ends: what is told, and when it is due again.

import type { Considered } from '../consider.ts';
import { type ChangeSet, type ChangeSetEntry, hasRevealed } from '../core/changeset.ts';
import type { ProgressEvent, Report } from '../core/progress.ts';
import { type BackendEnd, reconcileBackend } from './backend-work.ts';
import { conditionsOf } from './conditions.ts';
import { afterApply, afterLook, nonConverging } from './convergence.ts';
import { busyMs } from './follow-set.ts';
import type { Loop } from './loop.ts';
import { ask, type Ending } from './queue.ts';

/** What was done must prove right: looked at again after so long. */
const proveMs = 1_000;
/** Between two tries of what fails and may succeed later. */
const failedCeilingMs = 15 * 60_000;

/** `isThrough`: it was looked at from beginning to end. */
export interface Followed {
  readonly ending: Ending;
  readonly isThrough: boolean;
}

const atOnce: Followed = { ending: { kind: 'soon', delayMs: 0 }, isThrough: false };

export async function followBackend(
  loop: Loop,
  key: string,
  signal: AbortSignal,
): Promise<Followed> {
  const { declaration, request, around, context, isUsable } = loop;
  if (declaration === null) return atOnce;
  const { desired } = declaration.resolved;
  let ended: BackendEnd;
  try {
    const ledger = await loop.reader.ledger();
    ended = await reconcileBackend(
      declaration,
      {
        prune: request.prune === true && isUsable,
        ...(request.takeOver === undefined ? {} : { takeOver: request.takeOver }),
        ...(request.allowEvictions === undefined ? {} : { allowEvictions: request.allowEvictions }),
        backends: [key],
        loop: { nonConverging: nonConverging(loop.convergence, desired) },
      },
      { ...around, ledger, signal, report: withoutRepeats(loop, key, context.report) },
      loop.hold,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    return atOnce;
  }
  switch (ended.kind) {
    case 'busy':
      return { ending: { kind: 'soon', delayMs: busyMs }, isThrough: false };
    case 'failed':
      loop.news.problems(key, [ended.problem]);
      return { ending: { kind: 'failed', ceilingMs: failedCeilingMs }, isThrough: true };
    case 'looked':
      if (ended.changes?.interrupted === true) return atOnce;
      return { ending: learn(loop, key, ended.considered, ended.changes), isThrough: true };
  }
}

function learn(loop: Loop, key: string, considered: Considered, changes: ChangeSet | null): Ending {
  const { plan, observed, resolved } = considered;
  loop.looks.set(key, { plan, changes });
  if (changes === null) {
    loop.convergence = afterLook(loop.convergence, plan, new Set([key]));
  } else {
    const seen = { desired: resolved.desired, observed };
    loop.convergence = afterApply(loop.convergence, changes, seen);
  }
  const seen = observed.backends.get(key);
  // An engine that was started just now could not have answered before.
  const down = seen?.kind === 'unreachable' && !hasRevealed(changes) ? seen : null;
  loop.news.problems(key, down === null ? [] : [down.problem]);
  loop.news.conditions(key, conditionsOf(key.slice(key.indexOf('|') + 1), plan, changes));
  const failures = (changes?.entries ?? []).filter(isFailure);
  loop.failed.set(
    key,
    new Map(failures.map(({ action, problem }) => [action.id, codeOf(problem)])),
  );
  if (down !== null) return { kind: 'failed', ceilingMs: loop.times.intervalMs };
  if (failures.length > 0) {
    const retryAfterMs = Math.max(0, ...failures.map(({ problem }) => problem?.retryAfterMs ?? 0));
    return { kind: 'failed', ceilingMs: failedCeilingMs, retryAfterMs };
  }
  if (changes === null) return { kind: 'done' };
  wakeOthers(loop, key);
  return { kind: 'soon', delayMs: proveMs };
}

/** What was held on other engines may have waited for what was done on this one. */
function wakeOthers(loop: Loop, key: string): void {
  const now = loop.context.io.clock.elapsed();
  for (const [other, { plan }] of loop.looks) {
    const waits = plan.held.some(({ because }) => because === 'in-use');
    if (other !== key && waits) loop.queue = ask(loop.queue, other, now);
  }
}

const isFailure = ({ outcome }: ChangeSetEntry): boolean =>
  outcome === 'failed' || outcome === 'unknown';

const codeOf = (problem: ChangeSetEntry['problem']): string => problem?.code ?? '';

/** What failed before and is tried again is told only when it goes another way. */
function withoutRepeats(loop: Loop, key: string, report: Report): Report {
  const before = loop.failed.get(key) ?? new Map<string, string>();
  const isKnown = (id: string): boolean => before.has(id);
  const isRepeated = (event: ProgressEvent): boolean => {
    switch (event.kind) {
      case 'planned':
        return event.plan.actions.every(({ id }) => isKnown(id));
      case 'started':
        return isKnown(event.action.id);
      case 'retrying':
      case 'waiting':
        return isKnown(event.action);
      case 'finished': {
        const { action, outcome, problem } = event.entry;
        if (outcome === 'skipped') return before.size > 0;
        return isFailure(event.entry) && before.get(action.id) === codeOf(problem);
      }
      default:
        return false;
    }
  };
  return (event) => {
    if (!isRepeated(event)) report(event);
  };
}
