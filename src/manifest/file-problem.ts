// Why a file or folder could not be read, from node's error code. `retry` is `later` for what
// passes without an edit: a mount that is gone, a file that is just being replaced.
import { errorProblem, type Problem } from '../core/problem.ts';
import { errorCode } from '../io/error-code.ts';
import { fileBytesMax } from './limits.ts';

const explanations: Readonly<Record<string, readonly [detail: string, remedy: string]>> = {
  ENOENT: ['is not there any more', 'Try again.'],
  EACCES: ['may not be read by this user', 'Give this user the right to read it.'],
  EPERM: ['may not be read by this user', 'Give this user the right to read it.'],
  EISDIR: ['is a folder', 'Try again.'],
  ELOOP: ['is a link that leads to itself', 'Remove the link.'],
};

/** Errors without a code are our own bugs and are thrown on. */
export function fileProblem(path: string, error: unknown): Problem {
  const code = errorCode(error);
  if (code === undefined) throw error;
  const name = path === '-' ? 'Standard input' : path;
  const origin = { file: path, line: 1, column: 1 };
  if (code === 'ERR_FS_FILE_TOO_LARGE') {
    return errorProblem({
      code: 'manifest/too-large',
      summary: 'The file is larger than a manifest can be',
      detail: `${name} has more than ${fileBytesMax} bytes and was not read.`,
      remedy: 'Check that this is the file you meant; split it if it is.',
      origin,
    });
  }
  const [detail, remedy] = explanations[code] ?? [`cannot be read (${code})`, 'Try again.'];
  return errorProblem({
    code: 'manifest/unreadable',
    summary: 'A file cannot be read',
    detail: `${name} ${detail}.`,
    remedy,
    origin,
    retry: 'later',
  });
}
