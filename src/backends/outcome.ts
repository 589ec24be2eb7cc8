// How a step on an engine ends, in the words of the change set.
import type { Digest } from '../core/digest.ts';
import type { Details } from '../core/observed.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Performed } from './backend.ts';

export const failedWith = (problem: Problem, downloadedBytes = 0): Performed => ({
  outcome: 'failed',
  digest: null,
  downloadedBytes,
  problem,
});

/** The effect may have happened; the next look at the engine tells. */
export const unknownAfter = (problem: Problem, downloadedBytes = 0): Performed => ({
  outcome: 'unknown',
  digest: null,
  downloadedBytes,
  problem,
});

export const unchanged = (digest: Digest | null): Performed => ({
  outcome: 'unchanged',
  digest,
  downloadedBytes: 0,
});

export const done = (
  outcome: Performed['outcome'],
  digest: Digest | null,
  downloadedBytes = 0,
  details: Details | null = null,
): Performed => ({ outcome, digest, downloadedBytes, ...(details === null ? {} : { details }) });

export const interruption = (engine: string, doing: string): Problem =>
  errorProblem({
    code: 'backend/interrupted',
    summary: 'The work was interrupted',
    detail: `${engine} was to ${doing}; a signal ended that.`,
    remedy: 'Apply again to go on.',
    retry: 'later',
  });
