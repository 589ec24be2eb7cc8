// The YAML that nearly every manifest is written in: maps and lists in block style, words, whole
// numbers, `true`, `false`, quoted text, `[a, b]` and `{a: b}` on one line, comments. A text that
// holds anything else is beyond this reader, and so is every mistake: it then answers with nothing,
// and documents.ts reads the text with the YAML library, which takes longer to start than all of
// `validate`. What both can read, both read as the same values in the same places.
import type { FieldPath } from './field-path.ts';
import { documentsPerFileMax } from './limits.ts';

export interface SimpleDocument {
  readonly value: SimpleMap;
  /** Where its first field begins, in code units from the start of the text. */
  readonly offset: number;
  /** Where it lies in the text, for `simplePlaces`. */
  readonly start: number;
  readonly end: number;
}

export interface SimpleMap {
  readonly [name: string]: SimpleValue;
}

export type SimpleValue = string | number | boolean | readonly SimpleValue[] | SimpleMap;

/** Pure. Null when the text is beyond this reader; documents that say nothing are left out. */
export function readSimple(text: string): readonly SimpleDocument[] | null {
  const documents: SimpleDocument[] = [];
  for (let start = 0; start < text.length; ) {
    const end = documentEnd(text, start);
    const lines = linesOf(text, start, end);
    if (lines === null) return null;
    const [first] = lines;
    if (first !== undefined) {
      const value = readDocument(lines, null);
      if (value === undefined || documents.length === documentsPerFileMax) return null;
      documents.push({ value, offset: first.at, start, end });
    }
    start = end;
  }
  return documents;
}

/** Where the value at each path of a document begins; null where nothing stands. */
export function simplePlaces(
  text: string,
  { start, end }: Pick<SimpleDocument, 'start' | 'end'>,
): (path: FieldPath) => number | null {
  const places = new Map<string, number>();
  readDocument(linesOf(text, start, end) ?? [], places);
  return (path) => places.get(JSON.stringify(path)) ?? null;
}

/** As far as a document may be indented: our deepest field is eight down. */
const indentMax = 32;
/** Longer ones are for the reader that counts what a document costs. */
const charactersMax = 64 * 1024;

const blankLine = /^ *(?:#.*)?$/;
const documentLine = /^---(?: +#.*| *)$/;
const printableLine = /^[ -~]*$/;
const field = /^([A-Za-z][A-Za-z0-9_./-]{0,200}):(?: +(.*))?$/;
const comment = /^#/;
const plainText = /^[A-Za-z0-9/]/;
const endsPlainText = /:(?: |$)/;
const flowWord = /^[A-Za-z0-9/](?:[A-Za-z0-9._/@+-]|:(?=[A-Za-z0-9/]))*$/;
const quotedText = /^(?:"([^"\\]*)"|'([^']*)')$/;
/** What closes by itself, without the comment that may follow. */
const enclosed = /^("[^"]*"|'[^']*'|\[[^[\]{}]*\]|\{[^[\]{}]*\})(?: +#.*)?$/;
/** Each of these could be no text, or another number than it looks. */
const ambiguousWord = /^(?:null|true|false|[0-9][0-9A-Fa-fox.+-]*)$/i;
const wholeNumber = /^(?:0|[1-9][0-9]{0,14})$/;
/** Names with a meaning in JavaScript: plain.ts refuses them with a reason. */
const reservedNames: ReadonlySet<string> = new Set(['constructor', 'prototype']);

interface Line {
  readonly at: number;
  readonly indent: number;
  /** Without indentation and without spaces at the end. */
  readonly text: string;
}

interface Reading {
  readonly lines: Line[];
  next: number;
  readonly places: Map<string, number> | null;
}

/** Null while nobody asks for places: most documents are never asked about. */
type Path = FieldPath | null;

/** What is read here is undefined when it is beyond this reader. */
type Read<T> = T | undefined;

/** A line that begins with three dashes begins a document, whatever stands before it. */
function documentEnd(text: string, start: number): number {
  const found = text.indexOf('\n---', start);
  return found === -1 ? text.length : found + 1;
}

function linesOf(text: string, start: number, end: number): Line[] | null {
  if (end - start > charactersMax) return null;
  const lines: Line[] = [];
  for (let at = start; at < end; ) {
    const cut = text.indexOf('\n', at);
    const lineEnd = cut === -1 ? end : cut;
    const line = text.slice(at, lineEnd);
    const isMarker = at === start && documentLine.test(line);
    if (!isMarker && !blankLine.test(line)) {
      const indent = line.search(/[^ ]/);
      if (indent > indentMax || !printableLine.test(line)) return null;
      lines.push({ at: at + indent, indent, text: line.slice(indent).trimEnd() });
    }
    at = lineEnd + 1;
  }
  return lines;
}

function readDocument(lines: Line[], places: Map<string, number> | null): Read<SimpleMap> {
  const reading = { lines, next: 0, places };
  const map = readMap(reading, 0, places === null ? null : []);
  return reading.next === lines.length ? map : undefined;
}

function readMap(reading: Reading, indent: number, path: Path): Read<SimpleMap> {
  const map: Record<string, SimpleValue> = {};
  mark(reading, path, reading.lines[reading.next]?.at);
  for (let line = reading.lines[reading.next]; line !== undefined; ) {
    if (line.indent < indent) break;
    const [, name, rest = ''] = (line.indent === indent && field.exec(line.text)) || [];
    if (name === undefined || Object.hasOwn(map, name) || reservedNames.has(name)) return undefined;
    reading.next += 1;
    const at = line.at + line.text.length - rest.length;
    const below = path && [...path, name];
    const value =
      rest === '' || comment.test(rest)
        ? readBelow(reading, indent, below)
        : readInline(reading, rest, at, below);
    if (value === undefined) return undefined;
    map[name] = value;
    line = reading.lines[reading.next];
  }
  return map;
}

/** The value of a field that has none on its own line. */
function readBelow(reading: Reading, indent: number, path: Path): Read<SimpleValue> {
  const line = reading.lines[reading.next];
  if (line === undefined || line.indent < indent) return undefined;
  if (line.text.startsWith('- ')) return readList(reading, line.indent, path);
  return line.indent > indent ? readMap(reading, line.indent, path) : undefined;
}

function readList(reading: Reading, indent: number, path: Path): Read<readonly SimpleValue[]> {
  const list: SimpleValue[] = [];
  mark(reading, path, reading.lines[reading.next]?.at);
  for (let line = reading.lines[reading.next]; line?.indent === indent; ) {
    const [dash] = /^- +/.exec(line.text) ?? [];
    if (dash === undefined) break;
    const item = {
      at: line.at + dash.length,
      indent: indent + dash.length,
      text: line.text.slice(dash.length),
    };
    const below = path && [...path, list.length];
    let value: Read<SimpleValue>;
    if (field.test(item.text)) {
      reading.lines[reading.next] = item;
      value = readMap(reading, item.indent, below);
    } else {
      reading.next += 1;
      value = readInline(reading, item.text, item.at, below);
    }
    if (value === undefined) return undefined;
    list.push(value);
    line = reading.lines[reading.next];
  }
  return list;
}

/** A value that ends on its line; a comment may follow. */
function readInline(reading: Reading, text: string, at: number, path: Path): Read<SimpleValue> {
  mark(reading, path, at);
  const whole = enclosed.exec(text)?.[1];
  if (whole === undefined) {
    const [word = ''] = text.split(/ +#/, 1);
    return plainText.test(word) && !endsPlainText.test(word) ? wordValue(word) : undefined;
  }
  if (whole.startsWith('[')) return readFlowList(reading, whole, at, path);
  return whole.startsWith('{') ? readFlowMap(reading, whole, at, path) : flowValue(whole);
}

function readFlowList(
  reading: Reading,
  text: string,
  at: number,
  path: Path,
): Read<readonly SimpleValue[]> {
  const list: SimpleValue[] = [];
  for (const item of itemsIn(text, at)) {
    const value = flowValue(item.text);
    if (value === undefined) return undefined;
    mark(reading, path && [...path, list.length], item.at);
    list.push(value);
  }
  return list;
}

function readFlowMap(reading: Reading, text: string, at: number, path: Path): Read<SimpleMap> {
  const map: Record<string, SimpleValue> = {};
  for (const item of itemsIn(text, at)) {
    const [, name = '', rest = ''] = field.exec(item.text) ?? [];
    const value = flowValue(rest);
    if (value === undefined || Object.hasOwn(map, name) || reservedNames.has(name)) {
      return undefined;
    }
    mark(reading, path && [...path, name], item.at + item.text.length - rest.length);
    map[name] = value;
  }
  return map;
}

interface Item {
  readonly text: string;
  readonly at: number;
}

/** What stands between brackets or braces, cut at each comma. */
function itemsIn(text: string, at: number): readonly Item[] {
  const inner = text.slice(1, -1);
  if (inner.trim() === '') return [];
  let from = at + 1;
  return inner.split(',').map((piece) => {
    const start = from + piece.length - piece.trimStart().length;
    from += piece.length + 1;
    return { text: piece.trim(), at: start };
  });
}

function flowValue(text: string): Read<SimpleValue> {
  const quoted = quotedText.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2];
  return flowWord.test(text) ? wordValue(text) : undefined;
}

function wordValue(word: string): Read<SimpleValue> {
  if (wholeNumber.test(word)) return Number(word);
  if (word === 'true' || word === 'false') return word === 'true';
  return ambiguousWord.test(word) ? undefined : word;
}

function mark({ places }: Reading, path: Path, at: number | undefined): void {
  if (places !== null && path !== null && at !== undefined) places.set(JSON.stringify(path), at);
}
