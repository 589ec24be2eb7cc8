// A text through the YAML library, to its resources and problems. Holds one document at a time;
// keeps of each resource only where its document lies, and parses that again to find a field.
import { assert } from '../core/assert.ts';
import { errorProblem, type Problem, warningProblem } from '../core/problem.ts';
import { checkDocument } from './check-document.ts';
import { isEmptyDocument, readDocuments, type YamlDocument } from './documents.ts';
import { problemsPerFileMax } from './limits.ts';
import { offsetAt } from './positions.ts';
import type { Places, ReadFile, ReadResource } from './read-file.ts';
import { type SourceText, sliceOf } from './source-text.ts';

/** `found`: the problems of the text as such. `isNamed`: the user named the file itself. */
export async function readYaml(
  source: SourceText,
  found: readonly Problem[],
  isNamed: boolean,
  signal: AbortSignal,
): Promise<ReadFile> {
  const resources: ReadResource[] = [];
  const problems: Problem[] = [...found];
  const unmarked: YamlDocument[] = [];
  let documents = 0;
  for (const { document, stopped } of readDocuments(source)) {
    signal.throwIfAborted();
    if (stopped !== undefined) problems.push(stopped);
    else if (!isEmptyDocument(document)) {
      documents += 1;
      const check = await checkDocument(document, source, isNamed);
      const [start, , end] = document.range;
      if (check.is === 'resource') {
        const places = (): Places => placesBetween(source, start, end);
        resources.push({ resource: check.resource, source, places });
      } else if (check.is === 'refused') problems.push(...check.problems);
      else if (check.is === 'unmarked' && unmarked.length === 0) unmarked.push(document);
    }
  }
  const [first] = unmarked;
  if (first !== undefined) problems.push(notAManifest(source, first));
  if (documents === 0 && problems.length === 0) problems.push(empty(source, isNamed));
  return { resources, problems: inOrder(problems) };
}

function placesBetween(whole: SourceText, start: number, end: number): Places {
  const [first] = readDocuments(sliceOf(whole, start, end));
  assert(first?.document !== undefined, 'a document that was read once can be read again');
  const { document } = first;
  return (path) => {
    const offset = offsetAt(document, path, 'value');
    return offset === null ? null : start + offset;
  };
}

function notAManifest(source: SourceText, document: YamlDocument): Problem {
  return warningProblem({
    code: 'manifest/ignored',
    summary: 'A document is not a manifest and was left out',
    detail: 'It has no `apiVersion`, so it says nothing about what it is.',
    remedy: 'Name the files that are meant, or keep other files outside the folder.',
    origin: source.originAt(document.contents?.range[0] ?? document.range[0]),
  });
}

function empty(source: SourceText, isNamed: boolean): Problem {
  const fields = {
    code: 'manifest/empty',
    summary: 'The file declares nothing',
    detail: 'It is empty, or all of it is comments.',
    remedy: 'Write a starting point with:\n\n  modelctl init',
    origin: source.originAt(0),
  };
  return isNamed ? errorProblem(fields) : warningProblem(fields);
}

const byPlace = (a: Problem, b: Problem): number =>
  (a.origin?.line ?? 0) - (b.origin?.line ?? 0) ||
  (a.origin?.column ?? 0) - (b.origin?.column ?? 0);

function inOrder(unsorted: readonly Problem[]): readonly Problem[] {
  const problems = unsorted.toSorted(byPlace);
  if (problems.length <= problemsPerFileMax) return problems;
  const errors = problems.filter(({ severity }) => severity === 'error');
  const shown = (errors.length > 0 ? errors : problems).slice(0, problemsPerFileMax);
  const last = shown.at(-1);
  return [
    ...shown,
    warningProblem({
      code: 'manifest/more-problems',
      summary: 'There are more problems',
      detail: `${problems.length - shown.length} more in this file are not shown.`,
      ...(last?.origin !== undefined && { origin: last.origin }),
    }),
  ];
}
