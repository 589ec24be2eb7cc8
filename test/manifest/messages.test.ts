// What `validate` says about mistakes that people make, word for word.
import { expect, test } from 'vitest';
import { loadText, modelWith, problemsOf } from './load-text.ts';

test('accepts the shortest useful manifest', async () => {
  const loaded = await loadText(modelWith('source: qwen3:8b'));
  expect(loaded.problems).toEqual([]);
  expect(loaded.ok && loaded.value.resources).toMatchObject([
    { kind: 'Model', metadata: { name: 'coder' }, spec: { source: 'qwen3:8b' } },
  ]);
});

test('suggests the field that was meant and does not call it missing as well', async () => {
  expect(await problemsOf(modelWith('sorce: qwen3:8b'))).toMatchInlineSnapshot(`
    "stdin:6:3: error: A field is not known [manifest/unknown-field]
      Model/coder spec.sorce
      \`sorce\` is not a field of \`spec\`. Did you mean \`source\`?
      Its fields are \`source\`, \`servedName\`, \`aliases\`, \`categories\`, \`targets\`, \`residency\`, \`runtime\`, \`derive\`, \`lifecycle\`, \`priority\`:

        modelctl explain model.spec"
  `);
});

test('knows what other tools call a field', async () => {
  const text = modelWith('source: qwen3:8b', 'runtime:', '  num_ctx: 8192');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:8:5: error: A field is not known [manifest/unknown-field]
      Model/coder spec.runtime.num_ctx
      \`num_ctx\` is not a field of \`spec.runtime\`. Did you mean \`contextLength\`?
      Its fields are \`contextLength\`, \`gpuLayers\`, \`threads\`, \`keepAlive\`, \`parallel\`, \`kvCacheType\`, \`flashAttention\`, \`engine\`:

        modelctl explain model.spec.runtime"
  `);
});

test('says where a field belongs that stands in the wrong place', async () => {
  const text = modelWith('source: qwen3:8b', 'contextLength: 8192', 'temperature: 1');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:7:3: error: A field is not known [manifest/unknown-field]
      Model/coder spec.contextLength
      \`contextLength\` is not a field of \`spec\`. Did you mean \`spec.runtime.contextLength\`?
      Its fields are \`source\`, \`servedName\`, \`aliases\`, \`categories\`, \`targets\`, \`residency\`, \`runtime\`, \`derive\`, \`lifecycle\`, \`priority\`:

        modelctl explain model.spec

    stdin:8:3: error: A field is not known [manifest/unknown-field]
      Model/coder spec.temperature
      \`temperature\` is not a field of \`spec\`.
      Its fields are \`source\`, \`servedName\`, \`aliases\`, \`categories\`, \`targets\`, \`residency\`, \`runtime\`, \`derive\`, \`lifecycle\`, \`priority\`:

        modelctl explain model.spec"
  `);
});

test('names the missing field with an example', async () => {
  expect(await problemsOf(modelWith('priority: 1'))).toMatchInlineSnapshot(`
    "stdin:5:1: error: A field is missing [manifest/missing-field]
      Model/coder spec
      \`spec\` needs the field \`source\`.
      Add \`source: qwen3:8b\`:

        modelctl explain model.spec.source"
  `);
});

test('suggests the value that was meant', async () => {
  const text = modelWith('source: qwen3:8b', 'residency: load');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:7:14: error: A value is not one of those allowed [manifest/not-allowed]
      Model/coder spec.residency
      \`spec.residency\` is \`"load"\`, and must be one of \`optional\`, \`stored\`, \`loaded\`, \`pinned\`.
      How present the model has to be. \`optional\`: kept while there is room, not pulled by modelctl. \`stored\`: on disk. \`loaded\`: in memory after each run. \`pinned\`: as loaded, but loaded first and given up last. A Category's default comes before \`stored\`. For example: \`loaded\`.

        modelctl explain model.spec.residency"
  `);
});

test('explains what YAML 1.2 makes of on and off', async () => {
  const text = modelWith('source: qwen3:8b', 'runtime:', '  flashAttention: on');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:8:21: error: A value is of the wrong type [manifest/wrong-type]
      Model/coder spec.runtime.flashAttention
      \`spec.runtime.flashAttention\` must be \`true\` or \`false\`; here it is text.
      YAML 1.2 reads \`on\` as text. Write \`true\` without quotes."
  `);
});

test('turns 16k into a number of tokens', async () => {
  const text = modelWith('source: qwen3:8b', 'runtime:', '  contextLength: 16k');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:8:20: error: A value is of the wrong type [manifest/wrong-type]
      Model/coder spec.runtime.contextLength
      \`spec.runtime.contextLength\` must be a whole number; here it is text.
      Write \`16384\` without quotes."
  `);
});

test('asks for quotes where a label looks like a number', async () => {
  const text = `apiVersion: modelctl.dev/v1alpha1
kind: Host
metadata: {name: box}
spec: {labels: {rack: 12}}
`;
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:4:23: error: A value is of the wrong type [manifest/wrong-type]
      Host/box spec.labels.rack
      \`spec.labels.rack\` must be text; here it is a number.
      YAML reads this as a number. Put it in quotes: \`"12"\`."
  `);
});

test('speaks of the one form that was meant where a value may have several', async () => {
  const text = modelWith(
    'source: qwen3:8b',
    'targets:',
    '  - {nam: gpu-box}',
    'runtime:',
    '  gpuLayers: "24"',
  );
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:8:8: error: A field is not known [manifest/unknown-field]
      Model/coder spec.targets[0].nam
      \`nam\` is not a field of \`spec.targets[0]\`. Did you mean \`name\`?
      Its fields are \`name\`, \`residency\`, \`runtime\`:

        modelctl explain model.spec.targets

    stdin:10:16: error: A value is not one of those allowed [manifest/not-allowed]
      Model/coder spec.runtime.gpuLayers
      \`spec.runtime.gpuLayers\` is \`"24"\`, and must be \`all\` or a whole number.
      Write \`24\` without quotes."
  `);
});

test('says how a duration is written when a bare number stands there', async () => {
  const text = modelWith('source: qwen3:8b', 'runtime:', '  keepAlive: 300');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:8:16: error: A value is of the wrong type [manifest/wrong-type]
      Model/coder spec.runtime.keepAlive
      \`spec.runtime.keepAlive\` must be text; here it is a number.
      How long the model stays in memory after its last use, as in "10m"; "-1" is for ever, "0" unloads at once. Not together with residency loaded or pinned, which stay in memory anyway. Default: the engine's. For example: \`"10m"\`.

        modelctl explain model.spec.runtime.keepAlive"
  `);
});

test('offers a name in the form that is allowed', async () => {
  const text = modelWith('source: qwen3:8b').replace('coder', 'My Coder');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:4:9: error: A value has the wrong form [manifest/wrong-form]
      metadata.name
      \`metadata.name\` is \`"My Coder"\`, which does not have the form it needs. Did you mean \`my-coder\`?
      What the object is called. Unique among objects of its kind over all files of the set: lower-case letters, digits, dots, dashes and underscores, at most 63 characters. For example: \`coder\`.

        modelctl explain model.metadata.name"
  `);
});

test('says what a value left empty needs', async () => {
  expect(await problemsOf(modelWith('source: qwen3:8b', 'runtime:'))).toMatchInlineSnapshot(`
    "stdin:7:3: error: A value is of the wrong type [manifest/wrong-type]
      Model/coder spec.runtime
      \`spec.runtime\` must be a map of fields; here it is empty.
      Write a value, or remove the line."
  `);
});

test('asks for exactly one way to read a secret', async () => {
  const text = `apiVersion: modelctl.dev/v1alpha1
kind: Backend
metadata: {name: far}
spec: {type: ollama, auth: {bearer: {evn: OLLAMA_TOKEN}}}
`;
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:4:37: error: Exactly one of several fields is needed [manifest/one-of]
      Backend/far spec.auth.bearer
      \`spec.auth.bearer\` needs exactly one of \`env\`, \`file\`. Did you mean \`env\`?
      Where the bearer token is read from. For example: \`{env: OLLAMA_TOKEN}\`.

        modelctl explain backend.spec.auth.bearer"
  `);
});

test('tells an apiVersion of the future from one that is wrong', async () => {
  const text = `apiVersion: modelctl.dev/v1
kind: Model
---
apiVersion: modelctl.dev/v1alpha0
kind: Model
---
apiVersion: apps/v1
kind: Deployment
---
kind: Model
`;
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:1:13: error: The apiVersion is not one that is read here [manifest/wrong-api-version]
      apiVersion
      \`apiVersion\` is \`"modelctl.dev/v1"\`. This modelctl is too old for it: it reads modelctl.dev/v1alpha1.
      Update modelctl.

    stdin:4:13: error: The apiVersion is not one that is read here [manifest/wrong-api-version]
      apiVersion
      \`apiVersion\` is \`"modelctl.dev/v1alpha0"\`. That version is no longer read; the current one is modelctl.dev/v1alpha1.
      Write \`apiVersion: modelctl.dev/v1alpha1\`.

    stdin:7:13: error: The apiVersion is not one that is read here [manifest/wrong-api-version]
      apiVersion
      \`apiVersion\` is \`"apps/v1"\`. Manifests of modelctl have modelctl.dev/v1alpha1.
      Write \`apiVersion: modelctl.dev/v1alpha1\`.

    stdin:10:1: error: A field is missing [manifest/missing-field]
      A manifest needs the field \`apiVersion\`.
      Add \`apiVersion: modelctl.dev/v1alpha1\`."
  `);
});

test('suggests the kind that was meant', async () => {
  const text = 'apiVersion: modelctl.dev/v1alpha1\nkind: hardwaretarget\n';
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:2:7: error: The kind is not known [manifest/unknown-kind]
      kind
      \`kind\` is \`"hardwaretarget"\`. Did you mean \`HardwareTarget\`?
      Kinds are \`Model\`, \`Category\`, \`HardwareTarget\`, \`Host\`, \`Backend\`, \`Registry\`:

        modelctl explain"
  `);
});

test('names both places of a duplicate', async () => {
  const text = `${modelWith('source: qwen3:8b')}---\n${modelWith('source: qwen3:4b')}`;
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:8:1: error: Two objects have the same name [manifest/duplicate-object]
      Model/coder metadata.name
      A Model called \`coder\` is already declared on line 1.
      Rename one of the two, or remove it."
  `);
});

test('reports everything in one go, in the order of the file', async () => {
  const text = `${modelWith('source: s3://a/b', 'runtime: {threads: 0}', 'aliases: x')}---
- not an object
---
apiVersion: modelctl.dev/v1alpha1
kind: Backend
metadata: {name: b}
spec: {type: olama}
`;
  const { problems } = await loadText(text);
  expect(problems.map(({ origin, path }) => `${origin?.line} ${path ?? ''}`)).toEqual([
    '6 spec.source',
    '7 spec.runtime.threads',
    '8 spec.aliases',
    '10 ',
    '15 spec.type',
  ]);
});
