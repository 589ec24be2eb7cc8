// Cuts the text of a lock into its documents without reading them. In YAML a line that begins with
// three dashes and then a blank always begins a document, whatever stands around it, so lines are
// all that has to be looked at; the parts joined again are the text.
import type { Origin } from '../core/problem.ts';

export interface LockDocument {
  /** With the line of dashes that begins it, and its line end. */
  readonly text: string;
  /** Nothing in it but blank lines, comments and the dashes. */
  readonly isBlank: boolean;
  /** Where something stands, counted in characters from the document's start. */
  readonly originAt: (offset: number) => Origin;
}

/** What stands before the first line of dashes is part of the first document that says something. */
export function splitDocuments(text: string, file: string): readonly LockDocument[] {
  const documents: LockDocument[] = [];
  let start = 0;
  while (start < text.length) {
    const end = nextBoundary(text, start);
    const part = text.slice(start, end);
    const isBlank = saysNothing(part);
    const leading = documents.length === 0 && isBlank && end < text.length;
    if (leading) {
      const after = nextBoundary(text, end);
      documents.push(documentAt(text, start, after, file));
      start = after;
    } else {
      documents.push(documentAt(text, start, end, file));
      start = end;
    }
  }
  return documents;
}

function documentAt(text: string, start: number, end: number, file: string): LockDocument {
  const part = text.slice(start, end);
  return {
    text: part,
    isBlank: saysNothing(part),
    originAt: (offset) => originIn(text, start + offset, file),
  };
}

function nextBoundary(text: string, start: number): number {
  let at = text.indexOf('\n---', start);
  while (at !== -1) {
    const after = text[at + 4];
    if (after === undefined || /\s/.test(after)) return at + 1;
    at = text.indexOf('\n---', at + 4);
  }
  return text.length;
}

/** Only blank lines, comments and dashes; nearly always the first lines tell. */
export function saysNothing(part: string): boolean {
  let start = 0;
  while (start < part.length) {
    const cut = part.indexOf('\n', start);
    const end = cut === -1 ? part.length : cut;
    if (!/^\uFEFF?(---)?\s*(#.*)?$/.test(part.slice(start, end))) return false;
    start = end + 1;
  }
  return true;
}

export function originIn(text: string, offset: number, file: string): Origin {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
