// What a file system refused, as a problem. Codes are node's own. What may pass by itself (a full
// disk, a busy or failing device) is told from what somebody has to change.
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import { errorCode } from '../io/error-code.ts';

interface Explained {
  readonly code: string;
  readonly summary: string;
  readonly why: string;
  readonly remedy: string;
  readonly retry: Problem['retry'];
}

const full: Explained = {
  code: 'transfer/disk-full',
  summary: 'The disk is full',
  why: 'no space is left, or the quota is used up',
  remedy: 'Make room and run the same command again; what was fetched so far is kept.',
  retry: 'later',
};
const denied: Explained = {
  code: 'transfer/access-denied',
  summary: 'A file may not be accessed',
  why: 'the rights of this user do not allow it',
  remedy: 'Give this user the rights, or run modelctl as one that has them.',
  retry: 'never',
};
const failing: Explained = {
  code: 'transfer/disk-error',
  summary: 'A file could not be read or written',
  why: 'the file system reports an error',
  remedy: 'Check the disk and the system log.',
  retry: 'later',
};
const occupied: Explained = {
  code: 'transfer/occupied',
  summary: 'Something else stands where a file is to be',
  why: 'a folder stands where a file is to be, or a file where a folder is to be',
  remedy: 'Look at what is there and move it aside; then run the same command again.',
  retry: 'never',
};

const byCode: Readonly<Record<string, Explained>> = {
  ENOSPC: full,
  EDQUOT: full,
  EACCES: denied,
  EPERM: denied,
  EROFS: { ...denied, why: 'the file system is read-only' },
  EISDIR: occupied,
  ENOTDIR: occupied,
};

/**
 * `attempt` completes `Could not …`. A ProblemError gives the problem that it carries; what is no
 * failure of a file system is a bug of ours and thrown again.
 */
export function fileProblem(error: unknown, attempt: string): Problem {
  if (error instanceof ProblemError) return error.problem;
  const code = errorCode(error);
  if (code === undefined) throw error;
  const { why, ...explained } = byCode[code] ?? failing;
  const where = explained.code === occupied.code ? pathOf(error) : '';
  return errorProblem({ ...explained, detail: `Could not ${attempt}: ${why} (${code}${where}).` });
}

/** What is in the way may be any part of what was attempted. */
const pathOf = (error: unknown): string =>
  error instanceof Error && 'path' in error && typeof error.path === 'string'
    ? `, ${error.path}`
    : '';
