// One document of a lock through the YAML parser: for those that a person has edited, and to say
// where in the file something is wrong.
import { isMap, isNode, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import type { ArtifactFacts, ArtifactFile } from '../core/artifact.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import type { Digest } from '../core/digest.ts';
import { type Checked, checked, type Problem, refused } from '../core/problem.ts';
import { type Fault, type FieldPath, faultsOf } from './lock-check.ts';
import type { LockDocument } from './lock-documents.ts';
import type { LockEntry, LockHeader } from './lock-file.ts';
import { apiVersion, factNames } from './lock-print.ts';
import {
  type FieldCode,
  fieldProblem,
  notALock,
  otherVersion,
  syntaxProblem,
} from './lock-problems.ts';

export function readHeaderYaml(document: LockDocument): Checked<LockHeader> {
  const reader = open(document);
  if (!reader.ok) return reader;
  const { value: read } = reader;
  const version = read.peek('apiVersion');
  if (read.peek('kind') !== 'Lock') return refused(notALock(document));
  if (version !== apiVersion) return refused(otherVersion(document, version));
  const header = {
    set: read.text([], 'set'),
    files: read.list([], 'files').map((_, index) => read.text(['files'], index)),
  };
  read.only([], ['apiVersion', 'kind', 'set', 'files']);
  return read.finish(header, faultsOf.header);
}

export function readEntryYaml(document: LockDocument): Checked<LockEntry> {
  const reader = open(document);
  if (!reader.ok) return reader;
  const { value: read } = reader;
  const manifest = read.has([], 'manifest') ? { manifest: read.text([], 'manifest') } : {};
  const entry = {
    model: read.text([], 'model'),
    target: read.text([], 'target'),
    source: read.text([], 'source'),
    revision: read.text([], 'revision') as Digest,
    weights: read.text([], 'weights') as Digest,
    ...manifest,
    files: read.list([], 'files').map((_, index) => fileAt(read, ['files', index])),
    facts: factsOf(read),
  };
  read.only([], ['model', 'target', 'source', 'revision', 'weights', 'manifest', 'files', 'facts']);
  return read.finish(entry, faultsOf.entry);
}

function fileAt(read: Reader, path: FieldPath): ArtifactFile {
  const mediaType = read.has(path, 'mediaType') ? { mediaType: read.text(path, 'mediaType') } : {};
  read.only(path, ['path', 'bytes', 'digest', 'mediaType']);
  return {
    path: read.text(path, 'path'),
    bytes: read.number(path, 'bytes'),
    digest: read.text(path, 'digest') as Digest,
    ...mediaType,
  };
}

function factsOf(read: Reader): ArtifactFacts {
  const facts: Record<string, string | number> = {};
  read.map([], 'facts');
  read.only(['facts'], factNames);
  for (const name of factNames) {
    if (!read.has(['facts'], name)) continue;
    facts[name] =
      name === 'contextLength' || name === 'parameters'
        ? read.number(['facts'], name)
        : read.text(['facts'], name);
  }
  return facts;
}

/** Takes values out of a document and notes what is not as it should be. */
interface Reader {
  readonly peek: (name: string) => unknown;
  readonly has: (at: FieldPath, name: string | number) => boolean;
  readonly text: (at: FieldPath, name: string | number) => string;
  readonly number: (at: FieldPath, name: string) => number;
  readonly list: (at: FieldPath, name: string) => readonly unknown[];
  readonly map: (at: FieldPath, name: string) => void;
  /** Notes fields that are not in the list. */
  readonly only: (at: FieldPath, known: readonly string[]) => void;
  /** Values are checked only when all of them could be read. */
  readonly finish: <T>(value: T, faults: (value: T) => readonly Fault[]) => Checked<T>;
}

function open(document: LockDocument): Checked<Reader> {
  const yaml = parseDocument(document.text, { prettyErrors: false, stringKeys: true });
  const [error] = [...yaml.errors, ...yaml.warnings];
  if (error !== undefined) return refused(syntaxProblem(document, error.code, error.pos[0]));
  const { contents } = yaml;
  if (!isMap(contents))
    return refused(syntaxProblem(document, 'NOT_A_MAP', contents?.range?.[0] ?? 0));

  const problems: Problem[] = [];
  const nodeAt = (path: FieldPath): Node | null => {
    const node = path.length === 0 ? contents : contents.getIn(path, true);
    return isNode(node) ? node : null; // an alias too: nothing reads it, so it is reported
  };
  /** A field that is absent is missed where its map begins. */
  const placeOf = (path: FieldPath): number =>
    (nodeAt(path) ?? nodeAt(path.slice(0, -1)) ?? contents).range?.[0] ?? 0;
  const note = (path: FieldPath, code: FieldCode, detail: string, offset = placeOf(path)) => {
    problems.push(fieldProblem(document, offset, path, code, detail));
  };
  const missing = (path: FieldPath, kind: string) =>
    nodeAt(path) === null
      ? note(
          path,
          'lock/missing-field',
          `The field ${path.at(-1)} is missing; the file may have been cut off.`,
        )
      : note(path, 'lock/invalid-value', `The field ${path.at(-1)} must be ${kind}.`);
  const value = (path: FieldPath): unknown => {
    const node = nodeAt(path);
    return isScalar(node) ? node.value : undefined;
  };

  return checked({
    peek: (name) => value([name]),
    has: (at, name) => nodeAt([...at, name]) !== null,
    text: (at, name) => {
      const found = value([...at, name]);
      if (typeof found === 'string') return found;
      missing([...at, name], 'text; put it in quotes if it looks like a number or date');
      return '';
    },
    number: (at, name) => {
      const found = value([...at, name]);
      if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found;
      missing([...at, name], 'a whole number');
      return 0;
    },
    list: (at, name) => {
      const node = nodeAt([...at, name]);
      if (isSeq(node)) return node.items;
      missing([...at, name], 'a list');
      return [];
    },
    map: (at, name) => {
      if (!isMap(nodeAt([...at, name]))) missing([...at, name], 'a map');
    },
    only: (at, known) => {
      const node = nodeAt(at);
      if (!isMap(node)) return;
      for (const { key } of node.items) {
        const name = isScalar(key) ? String(key.value) : '';
        if (known.includes(name)) continue;
        const near = didYouMean(name, known);
        const hint = near === null ? '' : ` Did you mean ${near}?`;
        const offset = isScalar(key) ? key.range?.[0] : undefined;
        note([...at, name], 'lock/unknown-field', `There is no field ${name} here.${hint}`, offset);
      }
    },
    finish: (result, faults) => {
      if (problems.length === 0) {
        for (const fault of faults(result)) note(fault.path, fault.code, fault.detail);
      }
      return problems.length === 0 ? checked(result) : refused(...problems);
    },
  });
}
