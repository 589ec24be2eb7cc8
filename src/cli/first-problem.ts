// A refused value as something to throw, where a command can say one thing only.
import { assert } from '../core/assert.ts';
import { type Problem, ProblemError } from '../core/problem.ts';

export function firstOf(problems: readonly Problem[]): ProblemError {
  const first = problems.find(({ severity }) => severity === 'error');
  assert(first !== undefined, 'what is refused has an error');
  return new ProblemError(first);
}
