// What can be wrong with a bundle, in words.
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';

/** It is not what a bundle is, or not whole: nothing of it is used. */
export const damaged = (path: string, what: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'bundle/damaged',
      summary: 'A bundle cannot be used',
      detail: `${path}: ${what} Nothing of it was installed.`,
      remedy: 'Copy it again from where it was made, or make it anew with `modelctl bundle`.',
    }),
  );

export const occupied = (path: string, what: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'bundle/occupied',
      summary: 'Something else is where the bundle would be',
      detail: `${path} ${what}. It was left as it is.`,
      remedy: 'Name another folder or file with --out.',
    }),
  );

export const changedMeanwhile = (path: string): Problem =>
  errorProblem({
    code: 'bundle/changed-meanwhile',
    summary: 'A file changed while it was bundled',
    detail: `${path} is no longer what its digest says.`,
    remedy: 'Run the same command again.',
    retry: 'later',
  });
