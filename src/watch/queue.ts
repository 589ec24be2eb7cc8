// What is to be done next, and when: a state machine without time, I/O or promises of its own. Each
// key is one piece of work that never runs twice at a time; asking for it while it runs means once
// more afterwards. A wait is only a moment at which it is due: it holds no worker, and whoever asks
// for the work ends it. Pure; `now` is of a clock that nobody sets.

export interface Work {
  /** Not before then; asked for while it runs, this is when it was asked. */
  readonly dueAt: number;
  readonly isRunning: boolean;
  readonly isAskedAgain: boolean;
  /** Since it last ended well. */
  readonly failures: number;
}

export type Queue = ReadonlyMap<string, Work>;

export const emptyQueue: Queue = new Map();

/** How a piece of work ended. */
export type Ending =
  /** Due again after the interval. */
  | { readonly kind: 'done' }
  /** Done, and to be looked at again soon: what was done must prove right. */
  | { readonly kind: 'soon'; readonly delayMs: number }
  /** Backoff: longer with each failure, never longer than `ceilingMs`, nor shorter than asked for. */
  | { readonly kind: 'failed'; readonly ceilingMs: number; readonly retryAfterMs?: number };

export interface QueueTimes {
  readonly intervalMs: number;
  /** Of the first failure; each further one doubles it. */
  readonly backoffMsFirst: number;
}

/** In [0, 1): whoever calls brings the chance. */
type Fraction = number;

/** Due at once, whatever it waited for. */
export function ask(queue: Queue, key: string, now: number): Queue {
  const known = queue.get(key);
  if (known?.isRunning === true) return changed(queue, key, { ...known, isAskedAgain: true });
  const failures = known?.failures ?? 0;
  return changed(queue, key, { dueAt: now, isRunning: false, isAskedAgain: false, failures });
}

/** Everything that is due now and does not run; it runs from now on. */
export function start(
  queue: Queue,
  now: number,
): { readonly queue: Queue; readonly started: readonly string[] } {
  const started = [...queue]
    .filter(([, work]) => !work.isRunning && work.dueAt <= now)
    .toSorted(([, a], [, b]) => a.dueAt - b.dueAt)
    .map(([key]) => key);
  if (started.length === 0) return { queue, started };
  const next = new Map(queue);
  for (const key of started) {
    const work = queue.get(key);
    if (work !== undefined) next.set(key, { ...work, isRunning: true, isAskedAgain: false });
  }
  return { queue: next, started };
}

/** Full jitter on failures, a tenth either way on the interval, so that many loops do not meet. */
export function end(
  queue: Queue,
  key: string,
  ending: Ending,
  { now, fraction, times }: { now: number; fraction: Fraction; times: QueueTimes },
): Queue {
  const work = queue.get(key);
  // It was forgotten while it ran.
  if (work === undefined) return queue;
  const failures = ending.kind === 'failed' ? Math.min(work.failures + 1, failuresMax) : 0;
  const waitMs = work.isAskedAgain ? 0 : waitAfter(ending, failures, fraction, times);
  return changed(queue, key, {
    dueAt: now + waitMs,
    isRunning: false,
    isAskedAgain: false,
    failures,
  });
}

function waitAfter(
  ending: Ending,
  failures: number,
  fraction: Fraction,
  { intervalMs, backoffMsFirst }: QueueTimes,
): number {
  switch (ending.kind) {
    case 'done':
      return intervalMs * (1 - jitterShare + 2 * jitterShare * fraction);
    case 'soon':
      return Math.min(ending.delayMs, intervalMs);
    case 'failed': {
      const ceilingMs = Math.min(ending.ceilingMs, backoffMsFirst * 2 ** (failures - 1));
      const floorMs = Math.min(ending.retryAfterMs ?? 0, retryAfterMsMax);
      return Math.max(shortestMs, floorMs, ceilingMs * fraction);
    }
  }
}

const jitterShare = 0.1;
/** The exponent is bounded, so that no number of failures overflows it. */
const failuresMax = 30;
/** However the dice fall, a failing piece of work is no storm. */
const shortestMs = 100;
/** Whoever asks to be left alone for longer is asked once in a while all the same. */
const retryAfterMsMax = 60 * 60 * 1000;

/** What is not wanted any more. What runs of it comes to its own end. */
export function forget(queue: Queue, key: string): Queue {
  if (!queue.has(key)) return queue;
  const next = new Map(queue);
  next.delete(key);
  return next;
}

/** Null when nothing waits: then only somebody's asking goes on. */
export function nextDueAt(queue: Queue): number | null {
  let next: number | null = null;
  for (const { dueAt, isRunning } of queue.values()) {
    if (!isRunning && (next === null || dueAt < next)) next = dueAt;
  }
  return next;
}

const changed = (queue: Queue, key: string, work: Work): Queue => new Map(queue).set(key, work);
