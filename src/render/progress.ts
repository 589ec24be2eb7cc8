// What is going on right now, folded from events: which actions run, how far each transfer is and
// how fast. Pure: time is handed in. How it is drawn is another file's business.
import type { Action, ActionId, Plan } from '../core/plan.ts';
import { planTotals } from '../core/plan-totals.ts';
import type { FileProgress, ProgressEvent, Wait } from '../core/progress.ts';

export interface RunningAction {
  readonly action: Action;
  readonly startedAt: number;
  readonly completedBytes: number;
  /** 0 while nobody has said. */
  readonly totalBytes: number;
  readonly samples: readonly Sample[];
  /** Milliseconds since the epoch at which a failed attempt is repeated; null while it runs. */
  readonly retryAt: number | null;
  /** The file that is on its way; null where nobody has said. */
  readonly file: FileProgress | null;
  readonly wait: Wait | null;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

export interface ProgressState {
  readonly plan: Plan | null;
  readonly running: ReadonlyMap<ActionId, RunningAction>;
  readonly finished: number;
  readonly finishedBytes: number;
  readonly downloadBytes: number;
}

export const noProgress: ProgressState = {
  plan: null,
  running: new Map(),
  finished: 0,
  finishedBytes: 0,
  downloadBytes: 0,
};

// A rate over the last few seconds: steady enough to read, quick enough to show a stall.
const windowMs = 8_000;
const samplesMax = 64;
const sampleEveryMs = 125;

/** Pure. The state after an event that happened at `now` (milliseconds since the epoch). */
export function advance(state: ProgressState, event: ProgressEvent, now: number): ProgressState {
  switch (event.kind) {
    case 'planned':
      return { ...state, plan: event.plan, downloadBytes: planTotals(event.plan).downloadBytes };
    case 'started': {
      const running = new Map(state.running);
      const before = running.get(event.action.id);
      running.set(event.action.id, {
        action: event.action,
        startedAt: before?.startedAt ?? now,
        completedBytes: 0,
        totalBytes: before?.totalBytes ?? 0,
        samples: [],
        retryAt: null,
        file: null,
        wait: null,
      });
      return { ...state, running };
    }
    case 'bytes':
      return change(state, event.action, (one) => ({
        ...one,
        completedBytes: event.completedBytes,
        totalBytes: event.totalBytes,
        file: event.file ?? null,
        samples: sampled(one.samples, { at: now, bytes: event.completedBytes }),
      }));
    case 'waiting':
      return change(state, event.action, (one) => ({ ...one, wait: event.wait }));
    case 'retrying':
      return change(state, event.action, (one) => ({
        ...one,
        retryAt: now + event.delayMs,
        wait: null,
        samples: [],
      }));
    case 'finished': {
      const running = new Map(state.running);
      running.delete(event.entry.action.id);
      return {
        ...state,
        running,
        finished: state.finished + 1,
        finishedBytes: state.finishedBytes + event.entry.action.bytes.download,
      };
    }
    case 'note':
    case 'problem':
    case 'revision':
    case 'condition':
      return state;
  }
}

/** Bytes per second over the last seconds; null while that cannot be said. */
export function rateOf(running: RunningAction, now: number): number | null {
  const first = running.samples[0];
  const last = running.samples[running.samples.length - 1];
  if (first === undefined || last === undefined) return null;
  const elapsedMs = now - first.at;
  return elapsedMs < 500 ? null : Math.max(0, ((last.bytes - first.bytes) * 1000) / elapsedMs);
}

/** While others of its connections get on, an action does not wait. */
const movedMs = 1_000;

/** What holds an action up now; null when nothing does. */
export function waitOf({ wait, samples }: RunningAction, now: number): Wait | null {
  if (wait === null || (wait.until !== null && wait.until <= now)) return null;
  const [last, before] = samples.toReversed();
  const hasMoved = last !== undefined && last.bytes !== before?.bytes && now - last.at < movedMs;
  return hasMoved ? null : wait;
}

export interface Total {
  readonly completedBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number | null;
}

/** Of all downloads of the plan together. */
export function totalOf(state: ProgressState, now: number): Total {
  let completedBytes = state.finishedBytes;
  let bytesPerSecond: number | null = null;
  for (const running of state.running.values()) {
    if (running.action.bytes.download === 0) continue;
    // Engines count what was there already; the plan counts what has to come.
    const present = Math.max(0, running.totalBytes - running.action.bytes.download);
    completedBytes += Math.max(
      0,
      Math.min(running.completedBytes - present, running.action.bytes.download),
    );
    const rate = rateOf(running, now);
    if (rate !== null) bytesPerSecond = (bytesPerSecond ?? 0) + rate;
  }
  return { completedBytes, totalBytes: state.downloadBytes, bytesPerSecond };
}

/** Milliseconds; null when it stands still or nobody knows. */
export const etaMs = (remainingBytes: number, bytesPerSecond: number | null): number | null =>
  bytesPerSecond === null || bytesPerSecond <= 0 ? null : (remainingBytes / bytesPerSecond) * 1000;

function change(
  state: ProgressState,
  id: ActionId,
  apply: (running: RunningAction) => RunningAction,
): ProgressState {
  const one = state.running.get(id);
  if (one === undefined) return state;
  return { ...state, running: new Map(state.running).set(id, apply(one)) };
}

function sampled(samples: readonly Sample[], next: Sample): readonly Sample[] {
  const last = samples[samples.length - 1];
  // Going back means that a part was fetched anew: what was measured before says nothing.
  if (last !== undefined && next.bytes < last.bytes) return [next];
  const kept = samples.filter((sample) => next.at - sample.at <= windowMs);
  if (last !== undefined && samples.length > 1 && next.at - last.at < sampleEveryMs) {
    return [...kept.slice(0, -1), next];
  }
  return [...kept, next].slice(-samplesMax);
}
