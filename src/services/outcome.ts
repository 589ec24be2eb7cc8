// How the work on a service ends: the same words whichever kind of service it is.
import type { BackendContext, Performed } from '../backends/backend.ts';
import type { Outcome } from '../core/changeset.ts';
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';

export const done = (outcome: Outcome): Performed => ({
  outcome,
  digest: null,
  downloadedBytes: 0,
});

export const failedWith = (problem: Problem): Performed => ({ ...done('failed'), problem });

/** What was begun when the run was told to stop may have been done. */
export async function guarded(
  label: string,
  { signal }: BackendContext,
  work: () => Promise<Performed>,
): Promise<Performed> {
  const wasInterrupted = signal.aborted;
  try {
    signal.throwIfAborted();
    return await work();
  } catch (error) {
    if (signal.aborted) {
      return { ...failedWith(interrupted(label)), outcome: wasInterrupted ? 'failed' : 'unknown' };
    }
    if (error instanceof ProblemError) return failedWith(error.problem);
    throw error;
  }
}

const interrupted = (label: string): Problem =>
  errorProblem({
    code: 'service/interrupted',
    summary: 'Work on the service of an engine was interrupted',
    detail: `${label} was being set up or restarted when the run was told to stop.`,
    remedy: 'Run the command again; it looks at how far that got.',
    retry: 'later',
  });

/** `tail` is what it said last; secrets are not in it. */
export const notHealthy = (
  label: string,
  why: string,
  { tail, putBack, log }: { readonly tail: string; readonly putBack: string; readonly log: string },
): Problem =>
  errorProblem({
    code: 'service/not-healthy',
    summary: 'An engine does not come up with its settings',
    detail: `${label} ${why}. ${putBack}${tail === '' ? '' : ` It said last:\n\n${tail}`}`,
    remedy: `Correct spec.settings or spec.service of the Backend. The whole log:\n\n    ${log}`,
  });

export const portTaken = (label: string, endpoint: string): Problem =>
  errorProblem({
    code: 'service/port-taken',
    summary: 'Something else answers where an engine is to be started',
    detail: `${endpoint} answers, and not from a process that modelctl started for ${label}.`,
    remedy:
      'Stop what runs there, or give the Backend another `endpoint`. To leave that engine to whoever runs it, remove `service` from the Backend.',
  });
