// What a scan finds that is not as it should be, as warnings: one of each kind for a repository,
// with a few names, however many there are.
import { type Problem, warningProblem } from '../../../core/problem.ts';

const kinds = {
  'dangling-link': {
    summary: 'The Hugging Face cache has files without their bytes',
    why: 'lead to blobs that are not there; other tools call the whole repository corrupted',
    remedy: 'Fetch the repository again, or remove these links.',
  },
  'foreign-link': {
    summary: 'The Hugging Face cache has links that lead out of it',
    why: 'lead out of the repository, and are not followed',
    remedy: 'Look at where they lead, and remove them if nobody needs them.',
  },
  'dangling-ref': {
    summary: 'The Hugging Face cache has refs without a snapshot',
    why: 'name commits that are not there, as an update does that was cut off',
    remedy: 'Fetch the repository again, or remove these refs.',
  },
  'not-all-read': {
    summary: 'The Hugging Face cache was not read to its end',
    why: 'could not be read whole; nothing is removed from it',
    remedy: 'Look at its rights, and at how many files it has.',
  },
} as const;

const shownMax = 3;

/** None without names. */
export function scanWarnings(
  kind: keyof typeof kinds,
  repository: string,
  names: readonly string[],
): readonly Problem[] {
  if (names.length === 0) return [];
  const { summary, why, remedy } = kinds[kind];
  const more = names.length > shownMax ? ` and ${names.length - shownMax} more` : '';
  const shown = `${names.slice(0, shownMax).join(', ')}${more}`;
  return [
    warningProblem({
      code: `store/${kind}`,
      summary,
      detail: `${repository}: ${shown} ${why}.`,
      remedy,
    }),
  ];
}
