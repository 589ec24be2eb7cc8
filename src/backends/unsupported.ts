// What an engine says of a field that it cannot honour: the same words whichever engine it is.
import { errorProblem, type Problem } from '../core/problem.ts';

/** `path` is that of the field in the Model, as in `spec.runtime.parallel`. */
export const unsupported = (path: string, detail: string, remedy: string): Problem =>
  errorProblem({
    code: 'backend/unsupported',
    summary: 'The engine cannot do what a Model asks for',
    detail,
    remedy,
    path,
  });
