// What can be wrong with a lock, in words. A lock is machine-written and in git, so the way out is
// nearly always to take it from there, or to let it be made again.
import { errorProblem, type Problem, warningProblem } from '../core/problem.ts';
import type { FieldPath } from './lock-check.ts';
import { type LockDocument, originIn, saysNothing } from './lock-documents.ts';
import type { LockEntry } from './lock-entry.ts';
import type { DeclaredReference } from './references.ts';

const restore = (file: string): string =>
  `Take the file from git, or remove the entry and let \`modelctl lock\` resolve it again:\n  git checkout -- ${file.split('/').at(-1)}`;

/** Of the text as a whole, before any of it is read as YAML. */
export function textProblem(text: string, file: string): Problem | null {
  if (saysNothing(text)) {
    return errorProblem({
      code: 'lock/empty',
      summary: 'The lock is empty',
      detail: 'Nothing stands in it, not even which set it is of.',
      remedy: `Take the file from git, or delete it and let \`modelctl lock\` make a new one:\n  git checkout -- ${file.split('/').at(-1)}`,
      origin: { file, line: 1, column: 1 },
    });
  }
  const conflict = /^(?:<{7}|>{7}) /m.exec(text);
  if (conflict !== null) {
    return errorProblem({
      code: 'lock/merge-conflict',
      summary: 'The lock holds an unresolved merge conflict',
      detail: 'Git could not join two versions of the lock and left both here, between markers.',
      remedy:
        'Each entry stands for itself, between lines of ---: keep those of both sides and remove the markers. Or take one side whole and let `modelctl lock` add what it lacks:\n  git checkout --theirs models.lock.yaml',
      origin: originIn(text, conflict.index, file),
    });
  }
  if (!text.endsWith('\n')) {
    return errorProblem({
      code: 'lock/truncated',
      summary: 'The lock was cut off',
      detail: 'It does not end with a line end, which modelctl always writes.',
      remedy: `If the end is complete, add a line end. Else take the file from git:\n  git checkout -- ${file.split('/').at(-1)}`,
      origin: originIn(text, text.length, file),
    });
  }
  return null;
}

export const notALock = (document: LockDocument): Problem =>
  errorProblem({
    code: 'lock/not-a-lock',
    summary: 'The file is not a lock',
    detail: 'Its first document must have kind Lock.',
    remedy: restore(document.originAt(0).file),
    origin: document.originAt(0),
  });

export function otherVersion(document: LockDocument, version: unknown): Problem {
  const known = typeof version === 'string' && version.startsWith('modelctl.dev/');
  return errorProblem({
    code: known ? 'lock/newer-version' : 'lock/unknown-version',
    summary: known
      ? 'The lock was written by a newer modelctl'
      : 'The lock names no version that is known',
    detail: `Its apiVersion is ${typeof version === 'string' ? version : 'missing'}; this modelctl reads modelctl.dev/v1alpha1.`,
    remedy: known
      ? 'Install the modelctl that the others use.'
      : restore(document.originAt(0).file),
    origin: document.originAt(0),
  });
}

const syntax: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'The same field stands here twice.',
  NOT_A_MAP: 'A document of a lock is a map of fields.',
  MULTIPLE_DOCS: 'A document ends here, and the next one does not begin with ---.',
};

export const syntaxProblem = (document: LockDocument, code: string, offset: number): Problem =>
  errorProblem({
    code: code === 'DUPLICATE_KEY' ? 'lock/duplicate-field' : 'lock/syntax',
    summary: 'The lock cannot be read',
    detail: syntax[code] ?? 'This is not valid YAML; the file may have been cut off or edited.',
    remedy: restore(document.originAt(0).file),
    origin: document.originAt(offset),
  });

const summaries = {
  'lock/missing-field': 'A field of the lock is missing',
  'lock/unknown-field': 'The lock has a field that is not known',
  'lock/invalid-value': 'A value in the lock is not one that it can have',
  'lock/digest-mismatch': 'The lock contradicts itself',
} as const;

export type FieldCode = keyof typeof summaries;

export const fieldProblem = (
  document: LockDocument,
  offset: number,
  path: FieldPath,
  code: FieldCode,
  detail: string,
): Problem =>
  errorProblem({
    code,
    summary: summaries[code],
    detail,
    remedy: restore(document.originAt(0).file),
    origin: document.originAt(offset),
    path: path
      .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
      .join('')
      .slice(1),
  });

export const duplicateEntry = (
  entry: LockEntry,
  document: LockDocument,
  earlier: LockDocument,
): Problem =>
  errorProblem({
    code: 'lock/duplicate-entry',
    summary: 'The lock has two entries for the same thing',
    detail: `${entry.source} for Model/${entry.model} is locked here and on line ${earlier.originAt(0).line}.`,
    remedy: 'Remove one of the two documents; a merge may have kept both.',
    origin: document.originAt(0),
    subject: `Model/${entry.model}`,
  });

export const noLock = (folder: string): Problem =>
  errorProblem({
    code: 'lock/missing',
    summary: 'There is no lock',
    detail: `No models.lock.yaml stands at or above ${folder}, so there is nothing to bring up to date.`,
    remedy: 'Make one:\n\n    modelctl lock',
  });

export const notLocked = ({ model, source, origin }: DeclaredReference): Problem =>
  warningProblem({
    code: 'lock/no-entry',
    summary: 'The lock has no entry for a source',
    detail: `${source} is not locked yet, so there is nothing to move.`,
    remedy: 'Add it:\n\n    modelctl lock',
    subject: `Model/${model}`,
    origin,
  });
