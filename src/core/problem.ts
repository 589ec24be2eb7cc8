// What went wrong, as a value that a person can act on. Stages collect problems and return
// them; only bugs of ours are thrown (see assert.ts). A summary is fixed words without user
// data, so that it can be searched for; the detail names the things and says what to do.

/** A place in a file that the user wrote. Lines and columns count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Stable and kebab-case, as in `manifest/unknown-field`; scripts may match on it. */
  readonly code: string;
  /** Fixed words, no user data. */
  readonly summary: string;
  /** What, why: full sentences. */
  readonly detail: string;
  /** What to do; a command to copy stands alone on an indented line. */
  readonly remedy?: string;
  readonly origin?: Origin;
  /** Where in the object, as in `spec.runtime.contextLength`. */
  readonly path?: string;
  /** Which object, as in `Model/starter`. */
  readonly subject?: string;
  /** Whether the same step can succeed later without an edit. The loop decides by this alone. */
  readonly retry: 'never' | 'later';
  /** How long whoever was asked wants to be left alone, where it said so. */
  readonly retryAfterMs?: number;
}

/** A value, or why there is none. Warnings may accompany a value; errors never do. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export const checked = <T>(value: T, problems: readonly Problem[] = []): Checked<T> => ({
  ok: true,
  value,
  problems,
});

export const refused = (...problems: readonly Problem[]): Checked<never> => ({
  ok: false,
  problems,
});

type ProblemFields = Omit<Problem, 'severity' | 'retry'> & { readonly retry?: Problem['retry'] };

export const errorProblem = (fields: ProblemFields): Problem => ({
  severity: 'error',
  retry: 'never',
  ...fields,
});

export const warningProblem = (fields: ProblemFields): Problem => ({
  severity: 'warning',
  retry: 'never',
  ...fields,
});

/**
 * Carries a problem out of code that has no other way to return one: a wire client deep in a
 * stream, a port. The stage that called turns it back into a value; users never see the class.
 */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.summary}: ${problem.detail}`, options);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}
