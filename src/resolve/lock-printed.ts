// What modelctl printed itself is read line by line, and believed only if printing it again gives
// the same text. Whatever a person touched, and whatever is wrong, is for lock-file.ts and the YAML
// parser, which know where things stand.
import type { ArtifactFacts, ArtifactFile } from '../core/artifact.ts';
import { faultsOf } from './lock-check.ts';
import { type LockDocument, splitDocuments } from './lock-documents.ts';
import { entryKey, type LockEntry, type LockFile, type LockHeader } from './lock-entry.ts';
import { factNames, printEntry, printHeader } from './lock-print.ts';
import { textProblem } from './lock-problems.ts';

/** The whole lock; null when any of it is not as modelctl prints it. Pure. */
export function readPrinted(text: string): LockFile | null {
  if (textProblem(text, '') !== null) return null;
  const [first, ...rest] = splitDocuments(text, '');
  const header = first === undefined ? null : printedHeader(first);
  if (header === null) return null;
  const entries: LockEntry[] = [];
  const seen = new Set<string>();
  for (const document of rest) {
    const entry = printedEntry(document);
    if (entry === null) return null;
    seen.add(entryKey(entry));
    entries.push(entry);
  }
  return seen.size === entries.length ? { ...header, entries } : null;
}

export function printedHeader(document: LockDocument): LockHeader | null {
  const lines = linesOf(document);
  lines.next += 3; // comment, apiVersion, kind: the comparison below looks at them
  const set = lines.field('set: ');
  const files: string[] = [];
  if (!lines.skip('files: []') && lines.skip('files:')) {
    for (let file = lines.field('  - '); file !== null; file = lines.field('  - '))
      files.push(file);
  }
  const header = { set: set ?? '', files };
  const isPrinted = printHeader(header) === lines.text && faultsOf.header(header).length === 0;
  return isPrinted ? header : null;
}

export function printedEntry(document: LockDocument): LockEntry | null {
  const lines = linesOf(document);
  const entry = entryIn(lines);
  const isPrinted = printEntry(entry) === lines.text && faultsOf.entry(entry).length === 0;
  return isPrinted ? entry : null;
}

interface Lines {
  readonly text: string;
  next: number;
  /** The value of a line that begins so; null, without a step, when the next one does not. */
  readonly field: (prefix: string) => string | null;
  readonly skip: (line: string) => boolean;
}

function linesOf(document: LockDocument): Lines {
  const text = document.text.includes('\r')
    ? document.text.replaceAll('\r\n', '\n')
    : document.text;
  const lines = text.split('\n');
  const cursor: Lines = {
    text,
    next: 0,
    field: (prefix) => {
      const line = lines[cursor.next];
      if (line === undefined || !line.startsWith(prefix)) return null;
      cursor.next += 1;
      return unquoted(line.slice(prefix.length));
    },
    skip: (line) => {
      if (lines[cursor.next] !== line) return false;
      cursor.next += 1;
      return true;
    },
  };
  return cursor;
}

// Nothing is checked here: what is wrong or absent prints differently and is found by that.
function entryIn(lines: Lines): LockEntry {
  lines.skip('---');
  const text = (name: string): string => lines.field(`${name}: `) ?? '';
  const model = text('model');
  const target = text('target');
  const source = text('source');
  const revision = text('revision') as LockEntry['revision'];
  const weights = text('weights') as LockEntry['weights'];
  const commit = lines.field('commit: ');
  const manifest = lines.field('manifest: ');
  lines.skip('files:');
  const files: ArtifactFile[] = [];
  for (let path = lines.field('  - path: '); path !== null; path = lines.field('  - path: ')) {
    const bytes = Number(lines.field('    bytes: '));
    const digest = (lines.field('    digest: ') ?? '') as ArtifactFile['digest'];
    const mediaType = lines.field('    mediaType: ');
    const gitSha1 = lines.field('    gitSha1: ');
    files.push({
      path,
      bytes,
      digest,
      ...(mediaType === null ? {} : { mediaType }),
      ...(gitSha1 === null ? {} : { gitSha1 }),
    });
  }
  const facts = factsIn(lines);
  return {
    model,
    target,
    source,
    revision,
    weights,
    ...(commit === null ? {} : { commit }),
    ...(manifest === null ? {} : { manifest }),
    files,
    facts,
  };
}

function factsIn(lines: Lines): ArtifactFacts {
  if (lines.skip('facts: {}') || !lines.skip('facts:')) return {};
  const facts: Record<string, string | number> = {};
  for (const name of factNames) {
    const value = lines.field(`  ${name}: `);
    if (value === null) continue;
    facts[name] = name === 'contextLength' || name === 'parameters' ? Number(value) : value;
  }
  return facts;
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text; // other escapes than ours: prints differently, so the YAML parser reads it
  }
}
