// From a YAML document to plain data: strings, numbers, booleans, null, lists and objects. Values
// that two readers could take for different things are problems here, not guesses: duplicate
// keys, merge keys, names with a meaning in JavaScript, aliases that multiply.
import { isAlias, isMap, isScalar, isSeq, type Scalar, type YAMLMap } from 'yaml';
import { didYouMean } from '../core/did-you-mean.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { YamlDocument } from './documents.ts';
import { type FieldPath, formatPath } from './field-path.ts';
import { nestingMax, valuesPerDocumentMax } from './limits.ts';
import { showText } from './show-value.ts';
import type { SourceText } from './source-text.ts';

export interface Plain {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

interface Anchored {
  readonly value: unknown;
  /** How many values it stands for, and how deep they lie. */
  readonly values: number;
  readonly depth: number;
}

interface Conversion {
  readonly source: SourceText;
  readonly problems: Problem[];
  readonly anchors: Map<string, Anchored>;
  values: number;
  tooMany: boolean;
}

const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Pure. Aliases of one anchor share one value, so what is returned is a graph without cycles. */
export function toPlain(document: YamlDocument, source: SourceText): Plain {
  const conversion = { source, problems: [], anchors: new Map(), values: 0, tooMany: false };
  const value = convert(document.contents, [], conversion);
  return { value, problems: conversion.problems };
}

function convert(node: unknown, path: FieldPath, conversion: Conversion): unknown {
  conversion.values += 1;
  if (isAlias(node)) return convertAlias(node.source, offsetOf(node), path, conversion);
  const valuesBefore = conversion.values;
  let value: unknown = null;
  if (isScalar(node)) value = convertScalar(node, path, conversion);
  else if (isMap(node)) value = convertMap(node, path, conversion);
  else if (isSeq(node)) {
    value = node.items.map((item, index) => convert(item, [...path, index], conversion));
  }
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) {
    const values = conversion.values - valuesBefore + 1;
    conversion.anchors.set(anchor, { value, values, depth: depthOf(value) });
  }
  return value;
}

function convertMap(map: YAMLMap, path: FieldPath, conversion: Conversion): unknown {
  const object: Record<string, unknown> = {};
  const offsets = new Map<string, number>();
  for (const { key, value } of map.items) {
    const offset = offsetOf(key) ?? offsetOf(map);
    const name = keyText(key);
    const problem = keyProblem(name, offset, offsets, conversion.source);
    if (problem !== null) {
      conversion.problems.push({ ...problem, ...(path.length > 0 && { path: formatPath(path) }) });
    } else if (name !== null) {
      offsets.set(name, offset ?? 0);
      object[name] = convert(value, [...path, name], conversion);
    }
  }
  return object;
}

/** The name of a field, or null for what cannot be one: a list, a map, an alias, nothing. */
export function keyText(key: unknown): string | null {
  if (!isScalar(key)) return null;
  if (typeof key.value === 'string') return key.value;
  return key.source === undefined || key.source === '' ? null : key.source;
}

function keyProblem(
  name: string | null,
  offset: number | undefined,
  earlier: ReadonlyMap<string, number>,
  source: SourceText,
): Problem | null {
  const origin = source.originAt(offset ?? 0);
  if (name === null) {
    return errorProblem({
      code: 'manifest/bad-key',
      summary: 'A field has no name',
      detail: 'The name of a field is one word of text, not a list, a map, an alias or nothing.',
      remedy: 'Write the name before the colon.',
      origin,
    });
  }
  const first = earlier.get(name);
  if (first !== undefined) {
    const { line } = source.originAt(first);
    return errorProblem({
      code: 'manifest/duplicate-key',
      summary: 'A field stands twice',
      detail: `\`${showText(name)}\` stands here and already on line ${line}.`,
      remedy: 'Remove one of the two.',
      origin,
    });
  }
  if (name === '<<') {
    return errorProblem({
      code: 'manifest/merge-key',
      summary: 'Merge keys are not read',
      detail: '`<<` merges maps in YAML 1.1 only; here it would be a field like any other.',
      remedy: 'Write the fields out, or put what several models share into a Category.',
      origin,
    });
  }
  if (!reservedKeys.has(name)) return null;
  return errorProblem({
    code: 'manifest/reserved-key',
    summary: 'The name of a field is reserved',
    detail: `\`${name}\` cannot be the name of a field.`,
    remedy: 'Choose another name.',
    origin,
  });
}

function convertScalar(node: Scalar, path: FieldPath, conversion: Conversion): unknown {
  const { value } = node;
  if (typeof value === 'string' && (!value.isWellFormed() || value.includes('\0'))) {
    addProblem(conversion, node, path, {
      code: 'manifest/bad-text',
      summary: 'A text holds what no text can',
      detail: 'An escape sequence stands for half a character or for the character zero.',
      remedy: 'Remove the escape sequence.',
    });
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    addProblem(conversion, node, path, {
      code: 'manifest/out-of-range',
      summary: 'A number is too large',
      detail: 'Whole numbers beyond 9007199254740991 cannot be kept exactly.',
      remedy: 'Write a smaller number, or put it in quotes if it is text.',
    });
  }
  return value;
}

function convertAlias(
  name: string,
  offset: number | undefined,
  path: FieldPath,
  conversion: Conversion,
): unknown {
  const at = { range: [offset ?? 0] } as const;
  const anchored = conversion.anchors.get(name);
  if (anchored === undefined) {
    const near = didYouMean(name, conversion.anchors.keys());
    const shown = showText(name);
    addProblem(conversion, at, path, {
      code: 'manifest/unknown-anchor',
      summary: 'An alias refers to nothing',
      detail: `\`*${shown}\` needs an anchor \`&${shown}\` that is complete before it.`,
      remedy: near === null ? 'Write the value out.' : `Did you mean \`*${showText(near)}\`?`,
    });
    return null;
  }
  conversion.values += anchored.values;
  const tooMany = conversion.values > valuesPerDocumentMax;
  if (!tooMany && path.length + anchored.depth <= nestingMax) return anchored.value;
  if (!conversion.tooMany) {
    conversion.tooMany = true;
    addProblem(conversion, at, path, {
      code: 'manifest/too-complex',
      summary: 'The file is more complex than a manifest can be',
      detail: tooMany
        ? `Its aliases stand for more than ${valuesPerDocumentMax} values.`
        : `Its aliases stand more than ${nestingMax} deep inside one another.`,
      remedy: 'Write the values out.',
    });
  }
  return null;
}

function addProblem(
  conversion: Conversion,
  node: unknown,
  path: FieldPath,
  fields: Pick<Problem, 'code' | 'summary' | 'detail'> & { readonly remedy: string },
): void {
  const origin = conversion.source.originAt(offsetOf(node) ?? 0);
  const place = path.length > 0 ? { path: formatPath(path) } : {};
  conversion.problems.push(errorProblem({ ...fields, ...place, origin }));
}

/** Where a node starts, in code units from 0. */
export function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined;
  const range: unknown = node.range;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce(
    (deepest: number, item) => Math.max(deepest, depthOf(item) + 1),
    1,
  );
}
