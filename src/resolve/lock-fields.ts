// Takes values out of one YAML document, and notes what is absent, of another type or unknown,
// each with its place. It knows positions and types; what values may be is lock-check.ts.
import { isMap, isNode, isScalar, isSeq, type Node, parseDocument, type YAMLMap } from 'yaml';
import { didYouMean } from '../core/did-you-mean.ts';
import { type Checked, checked, type Problem, refused } from '../core/problem.ts';
import type { Fault, FieldPath } from './lock-check.ts';
import type { LockDocument } from './lock-documents.ts';
import { type FieldCode, fieldProblem, syntaxProblem } from './lock-problems.ts';

export interface Fields {
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

export function openFields(document: LockDocument): Checked<Fields> {
  const yaml = parseDocument(document.text, { prettyErrors: false, stringKeys: true });
  const [error] = [...yaml.errors, ...yaml.warnings];
  if (error !== undefined) return refused(syntaxProblem(document, error.code, error.pos[0]));
  const { contents } = yaml;
  if (isMap(contents)) return checked(fieldsOf(notesOn(document, contents)));
  return refused(syntaxProblem(document, 'NOT_A_MAP', contents?.range?.[0] ?? 0));
}

interface Notes {
  readonly problems: Problem[];
  readonly nodeAt: (path: FieldPath) => Node | null;
  readonly note: (path: FieldPath, code: FieldCode, detail: string, offset?: number) => void;
  /** The field is not there, or not of this kind. */
  readonly lacks: (path: FieldPath, kind: string) => void;
}

function notesOn(document: LockDocument, contents: YAMLMap): Notes {
  const problems: Problem[] = [];
  const nodeAt = (path: FieldPath): Node | null => {
    const node = path.length === 0 ? contents : contents.getIn(path, true);
    return isNode(node) ? node : null; // an alias too: nothing reads it, so it is reported
  };
  /** A field that is absent is missed where its map begins. */
  const placeOf = (path: FieldPath): number =>
    (nodeAt(path) ?? nodeAt(path.slice(0, -1)) ?? contents).range?.[0] ?? 0;
  const note: Notes['note'] = (path, code, detail, offset = placeOf(path)) => {
    problems.push(fieldProblem(document, offset, path, code, detail));
  };
  const lacks: Notes['lacks'] = (path, kind) => {
    const name = path.at(-1);
    if (nodeAt(path) !== null) {
      note(path, 'lock/invalid-value', `The field ${name} must be ${kind}.`);
    } else {
      const detail = `The field ${name} is missing; the file may have been cut off.`;
      note(path, 'lock/missing-field', detail);
    }
  };
  return { problems, nodeAt, note, lacks };
}

function fieldsOf({ problems, nodeAt, note, lacks }: Notes): Fields {
  const value = (path: FieldPath): unknown => {
    const node = nodeAt(path);
    return isScalar(node) ? node.value : undefined;
  };
  return {
    peek: (name) => value([name]),
    has: (at, name) => nodeAt([...at, name]) !== null,
    text: (at, name) => {
      const found = value([...at, name]);
      if (typeof found === 'string') return found;
      lacks([...at, name], 'text; put it in quotes if it looks like a number or date');
      return '';
    },
    number: (at, name) => {
      const found = value([...at, name]);
      if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found;
      lacks([...at, name], 'a whole number');
      return 0;
    },
    list: (at, name) => {
      const node = nodeAt([...at, name]);
      if (isSeq(node)) return node.items;
      lacks([...at, name], 'a list');
      return [];
    },
    map: (at, name) => {
      if (!isMap(nodeAt([...at, name]))) lacks([...at, name], 'a map');
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
  };
}
