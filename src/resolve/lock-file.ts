// The lock: which bytes each model stood for when it was resolved. A stream of YAML documents, the
// set first and then one per entry, so that it is read one document at a time, and what an edit
// does not concern is written back byte for byte: comments survive and diffs stay small. Pure.
//
// Invariants: an entry is keyed by model, target and canonical source; a registry's manifest
// hashes to its revision; nothing is returned from a file with an error in it.
import { assert } from '../core/assert.ts';
import { compareText } from '../core/canonical.ts';
import { lockFileName } from '../core/lock-file-name.ts';
import { type Checked, checked, type Problem, refused } from '../core/problem.ts';
import { type LockDocument, splitDocuments } from './lock-documents.ts';
import { editEntry } from './lock-edit.ts';
import { entryKey, type LockEntry, type LockFile } from './lock-entry.ts';
import { printEntry, printHeader } from './lock-print.ts';
import { printedEntry } from './lock-printed.ts';
import { duplicateEntry, textProblem } from './lock-problems.ts';
import { readEntry, readHeader } from './lock-read.ts';
import { editFiles } from './lock-yaml.ts';

const problemsMax = 100;

/** `file` is for origins. All problems are reported, up to a bound; none of them is a warning. */
export function parseLock(text: string, file: string): Checked<LockFile> {
  const broken = textProblem(text, file);
  if (broken !== null) return refused(broken);
  const [first, ...rest] = splitDocuments(text, file);
  assert(first !== undefined, 'a lock that is not empty has a first document');
  const header = readHeader(first);
  const problems: Problem[] = [...header.problems];
  // Of a file that is no lock, or one of a later version, nothing else makes sense.
  if (!header.ok) return refused(...problems);
  const entries: LockEntry[] = [];
  const seen = new Map<string, LockDocument>();
  for (const document of rest) {
    if (problems.length >= problemsMax) break;
    if (document.isBlank) continue;
    const entry = readEntry(document);
    if (!entry.ok) {
      problems.push(...entry.problems);
      continue;
    }
    const key = entryKey(entry.value);
    const earlier = seen.get(key);
    if (earlier !== undefined) problems.push(duplicateEntry(entry.value, document, earlier));
    seen.set(key, document);
    entries.push(entry.value);
  }
  return problems.length > 0
    ? refused(...problems.slice(0, problemsMax))
    : checked({ ...header.value, entries });
}

/** A new lock, its entries sorted. The same content gives the same text. */
export const printLock = (lock: LockFile): string =>
  printHeader(lock) + lock.entries.toSorted(compareEntries).map(printEntry).join('');

export interface LockChange {
  readonly added?: readonly LockEntry[];
  /** By `entryKey`. */
  readonly removed?: Iterable<string>;
  /** Entries that are there, with other bytes: each takes the place of the one with its key. */
  readonly moved?: readonly LockEntry[];
  readonly files?: readonly string[];
}

/**
 * The text after a change to a lock that was parsed without a problem. A new entry goes before the
 * first one that sorts after it; all that the change does not name stays as it is.
 */
export function updateLock(text: string, change: LockChange): string {
  const [first, ...rest] = splitDocuments(text, lockFileName);
  assert(first !== undefined, 'a lock that is not empty has a first document');
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const written = (printed: string): string => printed.replaceAll('\n', newline);
  const removed = new Set(change.removed);
  const moved = new Map((change.moved ?? []).map((entry) => [entryKey(entry), entry]));
  const waiting = (change.added ?? []).toSorted(compareEntries).toReversed();
  const parts = [
    change.files === undefined ? first.text : headerWith(first, change.files, written),
  ];
  for (const document of rest) {
    const entry = document.isBlank ? null : parsed(document);
    if (entry !== null) {
      const isRemoved = removed.has(entryKey(entry));
      for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
        const order = compareEntries(next, entry);
        assert(order !== 0 || isRemoved, 'an added lock entry is already there');
        if (order > 0) break;
        parts.push(written(printEntry(next)));
        waiting.pop();
      }
      if (isRemoved) continue;
    }
    const next = entry === null ? undefined : moved.get(entryKey(entry));
    parts.push(next === undefined ? document.text : moveEntry(document, next, written));
  }
  return (
    parts.join('') +
    waiting
      .toReversed()
      .map((entry) => written(printEntry(entry)))
      .join('')
  );
}

const compareEntries = (a: LockEntry, b: LockEntry): number =>
  compareText(a.model, b.model) ||
  compareText(a.target, b.target) ||
  compareText(a.source, b.source);

function parsed(document: LockDocument): LockEntry {
  const entry = readEntry(document);
  assert(entry.ok, 'a lock is updated only after it was parsed');
  return entry.value;
}

/** As modelctl prints it where it did so before; what a person edited keeps its comments. */
function moveEntry(
  document: LockDocument,
  entry: LockEntry,
  written: (printed: string) => string,
): string {
  if (printedEntry(document) !== null) return written(printEntry(entry));
  const printed = printEntry(entry);
  const isRight = (edited: string): boolean => {
    const [reread, ...more] = splitDocuments(edited, lockFileName);
    const read = reread === undefined || more.length > 0 ? null : readEntry(reread);
    return read?.ok === true && printEntry(read.value) === printed;
  };
  return written(editEntry(document.text, printed, isRight));
}

function headerWith(
  document: LockDocument,
  files: readonly string[],
  written: (printed: string) => string,
): string {
  const header = readHeader(document);
  assert(header.ok, 'a lock is updated only after it was parsed');
  const { value } = header;
  if (value.files.join('\n') === files.join('\n')) return document.text;
  if (written(printHeader(value)) === document.text)
    return written(printHeader({ ...value, files }));
  return written(editFiles(document.text, files));
}
