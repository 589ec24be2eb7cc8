// Trying again what may succeed later, with full-jitter backoff: each wait is anywhere between
// nothing and a ceiling that doubles, so that many clients of one failed server do not return
// together. Only a problem's own `retry` decides; messages and codes are not looked at.
import { assert } from '../core/assert.ts';
import { type Problem, ProblemError } from '../core/problem.ts';
import type { Clock, Random } from './io.ts';

export interface RetryBounds {
  readonly attemptsMax: number;
  /** Ceiling of the first wait; the next ones double it. */
  readonly delayMsFirst: number;
  readonly delayMsMax: number;
}

/** For one step of a command that a person waits for. */
const retryBounds: RetryBounds = {
  attemptsMax: 5,
  delayMsFirst: 500,
  delayMsMax: 30_000,
};

export interface RetryOptions<T> {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly bounds?: RetryBounds;
  /** The problem that a result carries, for steps that return theirs instead of throwing. */
  readonly problemOf?: (result: T) => Problem | undefined;
  /** Told before each wait. */
  readonly onRetry?: (problem: Problem, delayMs: number) => void;
}

/**
 * Runs `step` until it has no problem, or one that trying again cannot help, or the attempts are
 * used up; the last result (or ProblemError) is then the caller's. Attempts count from 1. Aborting
 * ends a wait with what is known by then; during a step, the step decides.
 */
export async function retry<T>(
  step: (attempt: number) => Promise<T>,
  options: RetryOptions<T>,
): Promise<T> {
  const bounds = options.bounds ?? retryBounds;
  assert(bounds.attemptsMax >= 1, 'a retry has at least one attempt');
  options.signal.throwIfAborted();
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt === bounds.attemptsMax;
    const outcome = await outcomeOf(() => step(attempt), options.problemOf);
    if (last || outcome.problem?.retry !== 'later') return outcome.settle();
    // To ask before that, as often as is left, would only make it longer.
    if ((outcome.problem.retryAfterMs ?? 0) > bounds.delayMsMax) return outcome.settle();
    const delayMs = backoffMs(attempt, options.random, bounds);
    options.onRetry?.(outcome.problem, delayMs);
    const waited = await options.clock.sleep(delayMs, options.signal).then(
      () => true,
      () => false,
    );
    if (!waited) return outcome.settle();
  }
}

/** How long to wait after the given attempt (from 1), in milliseconds. */
export function backoffMs(attempt: number, random: Random, bounds: RetryBounds): number {
  // The exponent is bounded on its own, so that no number of attempts overflows it.
  const doublings = Math.min(attempt - 1, 30);
  const ceilingMs = Math.min(bounds.delayMsMax, bounds.delayMsFirst * 2 ** doublings);
  return Math.floor(random.fraction() * ceilingMs);
}

interface Outcome<T> {
  readonly problem: Problem | undefined;
  readonly settle: () => T;
}

async function outcomeOf<T>(
  step: () => Promise<T>,
  problemOf: RetryOptions<T>['problemOf'],
): Promise<Outcome<T>> {
  try {
    const result = await step();
    return { problem: problemOf?.(result), settle: () => result };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return {
      problem: error.problem,
      settle: () => {
        throw error;
      },
    };
  }
}
