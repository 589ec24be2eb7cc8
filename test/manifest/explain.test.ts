// What `modelctl explain` has to say, as data.
import { expect, test } from 'vitest';
import { explain, type FieldExplanation } from '../../src/manifest/explain.ts';

function explained(path: string, isRecursive = false): FieldExplanation {
  const explanation = explain(path, { isRecursive });
  if (!explanation.ok) throw new Error(explanation.problems[0]?.detail);
  return explanation.value;
}

const refusal = (path: string): string | undefined => explain(path).problems[0]?.detail;

test('describes one field with everything that the schema says', () => {
  const { description, ...contextLength } = explained('model.spec.runtime.contextLength');
  expect(description).toContain('How much text the model sees at once');
  expect(contextLength).toEqual({
    name: 'contextLength',
    path: 'model.spec.runtime.contextLength',
    type: 'integer',
    isRequired: false,
    unit: 'tokens',
    minimum: 1,
    maximum: 2147483647,
    examples: [16384],
    fields: [],
  });
  expect(explained('model.spec.lifecycle.prune')).toMatchObject({
    default: 'Delete',
    allowed: ['Delete', 'Keep', 'Confirm'],
  });
});

test('lists the fields one level down, and all levels when asked', () => {
  const runtime = explained('model.spec').fields.find(({ name }) => name === 'runtime');
  expect(runtime?.fields).toEqual([]);
  const deep = explained('model.spec', true).fields.find(({ name }) => name === 'runtime');
  expect(deep?.fields.map(({ path }) => path)).toContain('model.spec.runtime.keepAlive');
});

test('lists the kinds when asked for nothing', () => {
  expect(explained('').fields.map(({ name }) => name)).toEqual([
    'Model',
    'Category',
    'HardwareTarget',
    'Host',
    'Backend',
    'Registry',
  ]);
});

test.each([
  ['model.spec.source', 'string'],
  ['model.spec.aliases', '[]string'],
  ['model.spec.targets', '[](string | object)'],
  ['model.metadata.labels', 'map[string]string'],
  ['model.spec.derive.parameters', 'map[string](number | boolean | string | []string)'],
  ['model.spec.runtime.gpuLayers', 'integer | "all"'],
  ['model.spec.runtime.keepAlive', 'string'],
  ['backend.spec.auth.bearer', 'object'],
  ['host', 'object'],
])('calls the type of %s %s', (path, type) => {
  expect(explained(path).type).toBe(type);
});

test.each([
  ['model.spec.targets.runtime.threads', 'threads'],
  ['model.spec.targets[0].runtime.threads', 'threads'],
  ['model.metadata.labels.team', 'team'],
  ['Model.Spec'.toLowerCase(), 'spec'],
  ['HardwareTarget.spec.selector', 'selector'],
  ['hardware-target.spec.selector', 'selector'],
])('finds %s', (path, name) => {
  expect(explained(path).name).toBe(name);
});

test('marks what is required, but not one of several forms', () => {
  const required = (path: string): readonly string[] =>
    explained(path)
      .fields.filter(({ isRequired }) => isRequired)
      .map(({ name }) => name);
  expect(required('model')).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  expect(required('model.spec.targets')).toEqual(['name']);
  expect(required('backend.spec.auth.bearer')).toEqual([]);
});

test('suggests what was meant', () => {
  expect(refusal('modle')).toBe('There is no kind `modle`. Did you mean `Model`?');
  expect(refusal('model.spec.runtme')).toContain('Did you mean `model.spec.runtime`?');
  expect(refusal('model.contextLength')).toContain(
    'Did you mean `model.spec.runtime.contextLength`?',
  );
  expect(refusal('model.spec.num_ctx')).toContain(
    'Did you mean `model.spec.runtime.contextLength`?',
  );
  expect(refusal('model.spec.source.x')).toBe('`model.spec.source` has no field `x`.');
  expect(refusal('model..spec')).toBe('`model` has no field ``.');
  expect(refusal('model.constructor')).toBe('`model` has no field `constructor`.');
  expect(refusal('model.metadata.labels.__proto__.x')).toContain('has no field `x`');
});
