// Exit codes, frozen: scripts branch on them. See the table in the README.
import type { Problem } from '../core/problem.ts';

export const exitCode = {
  done: 0,
  /** Wrong usage or invalid input. */
  invalid: 1,
  /** `diff` always, `plan` with --detailed-exitcode. */
  changes: 2,
  partlyFailed: 3,
  waitTimedOut: 4,
  locked: 5,
  refused: 6,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

// Families of codes that mean: what was given cannot be right, whatever the world looks like.
const inputFamilies: ReadonlySet<string> = new Set(['cli', 'manifest', 'lock', 'resolve']);

/** For a problem that ended a command which has no result of its own. */
export function exitCodeOf(problem: Problem): ExitCode {
  if (problem.severity === 'warning') return exitCode.done;
  if (problem.code === 'record/locked') return exitCode.locked;
  if (problem.code === 'lock/unlocked') return exitCode.refused;
  const family = problem.code.split('/')[0] ?? '';
  return inputFamilies.has(family) ? exitCode.invalid : exitCode.partlyFailed;
}
