// What can go wrong in a Hugging Face cache, and what is told though it went well. Pure.
import type { Kept } from '../../artifacts/stores/huggingface/plan-removal.ts';
import { errorProblem, type Problem, warningProblem } from '../../core/problem.ts';

export const withoutCommit = (source: string): Problem =>
  errorProblem({
    code: 'backend/without-commit',
    summary: 'The lock does not say which commit a model is of',
    detail: `${source} is locked without its commit, by which a Hugging Face cache orders files.`,
    remedy: 'Resolve it anew:\n\n    modelctl update',
  });

export const servesNothing = (label: string): Problem =>
  errorProblem({
    code: 'backend/serves-nothing',
    summary: 'Nothing runs models here',
    detail: `${label} only keeps files: whatever runs models from it is started by others.`,
    remedy:
      'Ask a model on an engine, or load it from the cache by its name with the tool of your choice.',
  });

/** Tools that are offline then find the other commit under that name. */
export const refKept = (repository: string, ref: string, commit: string): Problem =>
  warningProblem({
    code: 'backend/ref-kept',
    summary: 'A branch in the Hugging Face cache still leads to another commit',
    detail:
      `${repository} is there at commit ${commit}, and \`${ref}\` still leads to one that another ` +
      'tool brought, so it was left alone.',
    remedy: `Ask for the commit: \`revision="${commit}"\`.`,
  });

export const filesStay = (name: string, kept: readonly Kept[]): Problem =>
  warningProblem({
    code: 'backend/files-stay',
    summary: 'Some files of a model stay in the Hugging Face cache',
    detail: `${name} went, but ${reasons(kept)}.`,
    remedy: 'Look at what is there: `hf cache ls`.',
  });

const words: Readonly<Record<Kept['because'], string>> = {
  'other-content': 'hold something else now',
  'other-snapshot': 'are needed by another commit',
  'in-use': 'are being worked on by another tool',
  'not-all-read': 'are in a repository that could not be read whole',
};

function reasons(kept: readonly Kept[]): string {
  const byReason = Map.groupBy(kept, ({ because }) => because);
  return [...byReason]
    .map(([because, files]) => {
      const [first] = files;
      const more = files.length > 1 ? ` and ${files.length - 1} more` : '';
      return `${first?.file.path ?? ''}${more} ${words[because]}`;
    })
    .join('; ');
}
