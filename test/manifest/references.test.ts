// Names that refer to other objects, and what must hold within one object beyond its shape.
import { expect, test } from 'vitest';
import { loadText, modelWith, outlineOf, problemsOf } from './load-text.ts';

const object = (kind: string, name: string, spec: string): string =>
  `---\napiVersion: modelctl.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

const target = (name: string, more = ''): string =>
  object('HardwareTarget', name, `{selector: {matchLabels: {gpu: "yes"}}${more}}`);

test('accepts a set in which every name leads to an object', async () => {
  const text = [
    object('Model', 'm', '{source: a, categories: [code], targets: [gpu, {name: laptop}]}'),
    object('Category', 'code', '{defaults: {targets: [gpu]}}'),
    target('gpu', ', backend: big'),
    target('laptop', ', backend: embedded'),
    object('Host', 'box', '{labels: {gpu: "yes"}}'),
    object('Backend', 'big', '{type: ollama, host: box}'),
  ].join('');
  expect(await problemsOf(text)).toBe('');
});

test('shows every name that leads nowhere, with what was probably meant', async () => {
  const text = [
    object('Model', 'm', '{source: a, categories: [cod], targets: [gup, {name: lptop}]}'),
    object('Category', 'code', '{defaults: {targets: [laptop, gpu, none]}}'),
    target('gpu', ', backend: olama'),
    target('laptop', ', backend: bigg'),
    object('Backend', 'big', '{type: ollama, host: box}'),
  ].join('');
  const { problems } = await loadText(text);
  expect(
    problems.map(({ subject, path, detail }) => `${subject} ${path}: ${detail}`),
  ).toMatchInlineSnapshot(`
    [
      "Model/m spec.categories[0]: \`spec.categories[0]\` names the Category \`cod\`, which is not declared. Did you mean \`code\`?",
      "Model/m spec.targets[0]: \`spec.targets[0]\` names the HardwareTarget \`gup\`, which is not declared. Did you mean \`gpu\`?",
      "Model/m spec.targets[1].name: \`spec.targets[1].name\` names the HardwareTarget \`lptop\`, which is not declared. Did you mean \`laptop\`?",
      "Category/code spec.defaults.targets[2]: \`spec.defaults.targets[2]\` names the HardwareTarget \`none\`, which is not declared.",
      "HardwareTarget/gpu spec.backend: \`spec.backend\` names the Backend \`olama\`, which is not declared. Did you mean \`ollama\`?",
      "HardwareTarget/laptop spec.backend: \`spec.backend\` names the Backend \`bigg\`, which is not declared. Did you mean \`big\`?",
      "Backend/big spec.host: \`spec.host\` names the Host \`box\`, which is not declared.",
    ]
  `);
});

test('points at the name, in a list or behind an alias', async () => {
  const text = modelWith('source: a', 'categories: &c', '  - code', 'targets: *c');
  expect(await outlineOf(text)).toEqual([
    '8:7 manifest/dangling-reference spec.categories[0]',
    '8:7 manifest/dangling-reference spec.targets[0]',
  ]);
});

test('knows the names of objects that have problems of their own', async () => {
  const text = `${object('Model', 'm', '{source: a, categories: [code, cod]}')}${object('Category', 'code', '{deflts: {}}')}`;
  expect(await outlineOf(text)).toEqual([
    '10:8 manifest/unknown-field spec.deflts',
    '5:38 manifest/dangling-reference spec.categories[1]',
  ]);
});

test('looks no names up while it cannot be known what is declared', async () => {
  const text = `${object('Model', 'm', '{source: a, categories: [code]}')}---\na: b: c\n`;
  expect(await outlineOf(text)).toEqual(['7:4 manifest/syntax']);
});

test('refuses two Hosts with one hostname, compared without case', async () => {
  const text = [
    object('Host', 'box', '{hostnames: [gpu-1]}'),
    object('Host', 'other', '{hostnames: [GPU-1, Box]}'),
  ].join('');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:10:20: error: Two Hosts share a hostname [manifest/shared-hostname]
      Host/other spec.hostnames[0]
      \`GPU-1\` is already a hostname of Host/box on line 5.
      Remove it from one of the two: a machine can be only one Host.

    stdin:10:27: error: Two Hosts share a hostname [manifest/shared-hostname]
      Host/other spec.hostnames[1]
      \`Box\` is already a hostname of Host/box on line 4.
      Remove it from one of the two: a machine can be only one Host."
  `);
});

test('accepts a Host that lists its own name', async () => {
  expect(await problemsOf(object('Host', 'box', '{hostnames: [box, BOX.example.com]}'))).toBe('');
});

test.each([
  ['residency: loaded', 'runtime: {keepAlive: 10m}'],
  ['residency: pinned', 'runtime: {keepAlive: "-1"}'],
])('refuses keepAlive together with %s', async (...lines) => {
  expect(await outlineOf(modelWith('source: a', ...lines))).toEqual([
    '8:24 manifest/contradiction spec.runtime.keepAlive',
  ]);
});

test('refuses keepAlive with a residency that only a target or a Category asks for', async () => {
  const model = modelWith(
    'source: a',
    'targets: [{name: gpu, residency: loaded}, {name: laptop, runtime: {keepAlive: 5m}}]',
    'runtime: {keepAlive: 10m}',
  );
  const category = object(
    'Category',
    'c',
    '{defaults: {residency: pinned, runtime: {keepAlive: 1h}}}',
  );
  expect(await outlineOf(`${model}${target('gpu')}${target('laptop')}${category}`)).toEqual([
    '7:36 manifest/contradiction spec.targets[0].residency',
    '23:59 manifest/contradiction spec.defaults.runtime.keepAlive',
  ]);
});

test('allows keepAlive on the one target that only stores', async () => {
  const model = modelWith(
    'source: a',
    'residency: loaded',
    'targets: [{name: gpu, residency: stored, runtime: {keepAlive: 5m}}]',
  );
  expect(await problemsOf(`${model}${target('gpu')}`)).toBe('');
});

test('refuses an alias that is the served name, and names that stand twice', async () => {
  const text = modelWith('source: a', 'servedName: x', 'aliases: [y, x, y]');
  expect(await outlineOf(text)).toEqual([
    '8:16 manifest/self-reference spec.aliases[1]',
    '8:19 manifest/duplicate-name spec.aliases[2]',
  ]);
});

test('refuses to derive a model from its own name', async () => {
  for (const [source, servedName] of [
    ['qwen3', 'qwen3'],
    ['ollama://qwen3:latest', 'qwen3'],
    ['qwen3', 'qwen3:latest'],
  ]) {
    const text = modelWith(`source: ${source}`, `servedName: ${servedName}`, 'derive: {system: x}');
    expect(await outlineOf(text)).toEqual(['7:15 manifest/self-reference spec.servedName']);
  }
});

test('gives settings to an engine only where something is said about how it is started', async () => {
  const alone = object('Backend', 'b', '{type: ollama, settings: {numParallel: 2}}');
  expect(await outlineOf(alone)).toEqual(['5:32 manifest/missing-field spec.settings']);
  const served = '{type: ollama, settings: {numParallel: 2}, service: {type: managed}}';
  expect(await outlineOf(object('Backend', 'b', served))).toEqual([]);
  const mixed = '{type: ollama, service: {type: managed, unit: x}}';
  expect(await outlineOf(object('Backend', 'b', mixed))).toEqual([
    '5:53 manifest/contradiction spec.service.unit',
  ]);
  const embedded = '{type: embedded, service: {type: managed}}';
  expect(await outlineOf(object('Backend', 'b', embedded))).toEqual([
    '5:33 manifest/contradiction spec.service',
  ]);
});

test('gives an embedded engine no endpoint and no secret', async () => {
  const text = object(
    'Backend',
    'b',
    '{type: embedded, endpoint: "http://x", auth: {bearer: {env: A}}}',
  );
  expect(await outlineOf(text)).toEqual([
    '5:34 manifest/contradiction spec.endpoint',
    '5:52 manifest/contradiction spec.auth',
  ]);
});
