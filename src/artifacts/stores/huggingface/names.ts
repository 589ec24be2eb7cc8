// Names that came from a server or from a lock, before they become paths: what could lead out of
// its folder, or means something else on another system, is refused on every system, so that a
// cache can be moved. Pure.
import { errorProblem, type Problem, ProblemError } from '../../../core/problem.ts';

const segmentBytesMax = 255;
const pathBytesMax = 1_024;

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** The rules of `validate_repo_id` (huggingface_hub): letters, digits, `-`, `_`, `.`; one slash. */
export function isRepository(text: string): boolean {
  const part = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;
  const parts = text.split('/');
  return (
    parts.length <= 2 &&
    parts.every((one) => part.test(one)) &&
    !/--|\.\./.test(text) &&
    !text.endsWith('.git')
  );
}

/** A relative path with forward slashes that stays below its folder, whatever system reads it. */
export const isSafePath = (text: string): boolean =>
  Buffer.byteLength(text) <= pathBytesMax && text.split('/').every(isSafeSegment);

const isSafeSegment = (segment: string): boolean =>
  segment !== '' &&
  // Dots and spaces at the end are dropped by Windows; `.` and `..` are among them.
  !/[. ]$/.test(segment) &&
  // A backslash is a separator there, a colon a drive or a stream of a file.
  !/[\0-\x1f\x7f\\:]/.test(segment) &&
  !/^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i.test(segment) &&
  Buffer.byteLength(segment) <= segmentBytesMax;

/** Throws ProblemError for whatever of these is no name to build a path of. */
export function checkNames(names: {
  readonly repository: string;
  readonly commit: string;
  readonly ref?: string | undefined;
  readonly paths: readonly string[];
}): void {
  if (!isRepository(names.repository)) refuse('repository', names.repository);
  if (!isCommit(names.commit)) refuse('commit', names.commit);
  // A ref that looks like a commit would be one: it would answer for a commit that is pinned.
  if (names.ref !== undefined && (!isSafePath(names.ref) || isCommit(names.ref))) {
    refuse('ref', names.ref);
  }
  for (const path of names.paths) if (!isSafePath(path)) refuse('file path', path);
}

function refuse(what: string, name: string): never {
  throw new ProblemError(unsafeName(what, name));
}

const unsafeName = (what: string, name: string): Problem =>
  errorProblem({
    code: 'store/unsafe-name',
    summary: 'A name cannot be used in the Hugging Face cache',
    detail:
      `${JSON.stringify(name.slice(0, 200))} is no ${what} that is safe as a path on every system: ` +
      'it could stand for another place, or for a device.',
    remedy: 'Use another repository, or ask its owner to rename the file.',
  });
