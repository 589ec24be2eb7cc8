// The schemas are the one truth about manifests: what they promise to people must hold for them.
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { explain, type FieldExplanation } from '../../src/manifest/explain.ts';
import { kinds } from '../../src/manifest/header.ts';
import { loadText } from './load-text.ts';

const folder = new URL('../../schemas/', import.meta.url);
const files = [
  'common.schema.json',
  'model.schema.json',
  'category.schema.json',
  'hardware-target.schema.json',
  'host.schema.json',
  'backend.schema.json',
  'registry.schema.json',
  'manifest.schema.json',
];
const documents = files.map(
  (file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Record<string, unknown>,
);

const ajv = new Ajv2020({ schemas: documents, strict: true, allErrors: true });
for (const keyword of ['x-unit', 'x-also-known-as']) ajv.addKeyword(keyword);

type Node = Readonly<Record<string, unknown>>;

/** Every schema in a document, with where it stands. */
function* nodesOf(node: Node, file: string, pointer = '#'): Generator<[Node, string, string]> {
  yield [node, file, pointer];
  for (const key of ['properties', '$defs']) {
    for (const [name, child] of Object.entries(node[key] ?? {})) {
      yield* nodesOf(child as Node, file, `${pointer}/${key}/${name}`);
    }
  }
  for (const key of ['items', 'additionalProperties', 'propertyNames']) {
    if (typeof node[key] === 'object') yield* nodesOf(node[key] as Node, file, `${pointer}/${key}`);
  }
  for (const key of ['anyOf', 'oneOf']) {
    for (const [index, child] of Object.entries(node[key] ?? {})) {
      yield* nodesOf(child as Node, file, `${pointer}/${key}/${index}`);
    }
  }
}

const everyNode = files.flatMap((file, index) => [...nodesOf(documents[index] ?? {}, file)]);

test('every schema has the address that its references are meant from', () => {
  for (const [index, file] of files.entries()) {
    expect(documents[index]?.['$id']).toBe(`https://modelctl.dev/schemas/v1alpha1/${file}`);
    expect(readdirSync(folder)).toContain(file);
  }
});

test('every example and every default fits the schema that it stands in', () => {
  const wrong: string[] = [];
  let checked = 0;
  for (const [node, file, pointer] of everyNode) {
    const examples: readonly unknown[] = Array.isArray(node['examples']) ? node['examples'] : [];
    const values = 'default' in node ? [...examples, node['default']] : examples;
    const $ref = `https://modelctl.dev/schemas/v1alpha1/${file}${pointer}`;
    const validate = ajv.compile({ $ref });
    checked += values.length;
    for (const value of values)
      if (!validate(value)) wrong.push(`${$ref} ${JSON.stringify(value)}`);
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(70);
});

test('no object takes fields that are not described', () => {
  const open = everyNode
    .filter(([node]) => node['type'] === 'object' && !('$ref' in node))
    .filter(([node]) => (node['additionalProperties'] ?? true) === true)
    .map(([, file, pointer]) => `${file}${pointer}`);
  expect(open).toEqual([]);
});

function* fieldsOf(field: FieldExplanation): Generator<FieldExplanation> {
  for (const child of field.fields) {
    yield child;
    yield* fieldsOf(child);
  }
}

test('every field says what it is for, with an example and, for a count, its unit', () => {
  const explanation = explain('', { isRecursive: true });
  const fields = explanation.ok ? [...fieldsOf(explanation.value)] : [];
  const isCount = ({ type, default: fallback }: FieldExplanation): boolean =>
    type.startsWith('integer') && fallback === undefined;
  const silent = fields.filter(
    (field) =>
      !/^[A-Z`].*[.:]$/s.test(field.description) ||
      field.examples.length === 0 ||
      (isCount(field) && field.unit === undefined),
  );
  expect(silent.map(({ path }) => path)).toEqual([]);
  expect(fields.length).toBeGreaterThan(60);
});

test.each(kinds)('the example of a %s is a manifest that loads', async (kind) => {
  const explanation = explain(kind);
  const [example] = explanation.ok ? explanation.value.examples : [];
  const loaded = await loadText(JSON.stringify(example));
  expect(loaded.problems).toEqual([]);
});

test('editors and modelctl agree on what a manifest is', () => {
  const validate = ajv.getSchema('https://modelctl.dev/schemas/v1alpha1/manifest.schema.json');
  const model = { apiVersion: 'modelctl.dev/v1alpha1', kind: 'Model', metadata: { name: 'm' } };
  expect(validate?.({ ...model, spec: { source: 'qwen3:8b' } })).toBe(true);
  expect(validate?.({ ...model, spec: { source: 'qwen3:8b', sorce: 'x' } })).toBe(false);
  expect(validate?.({ ...model, kind: 'Lock', spec: {} })).toBe(false);
});
