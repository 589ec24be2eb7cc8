// Whatever the text: no exception, and either objects or a problem that points into the text.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadText, modelWith } from './load-text.ts';

const manifest = `${modelWith(
  'source: "qwen3:8b"',
  'servedName: coder',
  'aliases: [gpt-4o-mini]',
  'categories: [code]',
  'targets:',
  '  - gpu-box',
  '  - {name: laptop, residency: optional}',
  'runtime: {contextLength: 16384, gpuLayers: all, flashAttention: true}',
  'derive:',
  '  system: |',
  '    Be brief.',
  '  parameters: {temperature: 0.2, stop: ["<|im_end|>"]}',
  'lifecycle: {prune: Keep}',
)}---
{"apiVersion": "modelctl.dev/v1alpha1", "kind": "Backend", "metadata": {"name": "far"},
 "spec": {"type": "ollama", "endpoint": "http://x", "auth": {"bearer": {"env": "TOKEN"}}}}
`;

async function holds(input: string | Uint8Array): Promise<void> {
  const text = typeof input === 'string' ? input : new TextDecoder().decode(input);
  const lines = text.split(/\r\n|\r|\n/).length;
  const { ok, problems } = await loadText(input);
  const errors = problems.filter(({ severity }) => severity === 'error');
  expect(errors.length > 0).toBe(!ok);
  for (const { origin, detail, remedy, summary } of problems) {
    expect(origin?.line).toBeGreaterThanOrEqual(1);
    expect(origin?.line).toBeLessThanOrEqual(lines);
    expect(origin?.column).toBeGreaterThanOrEqual(1);
    expect(detail.length + (remedy?.length ?? 0) + summary.length).toBeLessThan(3000);
    expect(detail.isWellFormed()).toBe(true);
  }
}

const signs = ['\n', ' ', '  ', '\t', ': ', '- ', '? ', '[', ']', '{', '}', ',', '#', '&a ', '*a'];
const rareSigns = ['!x ', '|', '>', "'", '"', '%', '@', '`', '---\n', '...\n', '<<: ', '\\'];
const characters = ['\r', '\0', '\ufeff', '\ud800'];
const words = ['null', '~', '.inf', '1e999', '0x1', 'no', '__proto__', 'spec', 'kind: Model'];
const indicators = fc.oneof(
  ...[signs, rareSigns, characters, words].map((of) => fc.constantFrom(...of)),
);

/** Puts pieces in, takes stretches out, doubles others. */
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(manifest.length),
      remove: fc.nat(12),
      insert: fc.oneof(indicators, fc.string({ maxLength: 5 })),
      repeat: fc.constantFrom(1, 1, 1, 2, 30),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((edits) =>
    edits.reduce(
      (text, { at, remove, insert, repeat }) =>
        text.slice(0, at) + insert.repeat(repeat) + text.slice(at + remove),
      manifest,
    ),
  );

test('answers to any text', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }), holds), {
    numRuns: 300,
  });
});

test('answers to any bytes', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), holds), { numRuns: 300 });
});

test('answers to any sequence of what means something in YAML', async () => {
  const text = fc.array(fc.oneof(indicators, fc.constantFrom('a', 'b')), { maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(text, (pieces) => holds(pieces.join(''))),
    { numRuns: 1000 },
  );
});

test('answers to manifests that were damaged', async () => {
  await fc.assert(fc.asyncProperty(mutated, holds), { numRuns: 1000 });
});

test('answers to any data in the shape of a manifest', async () => {
  const object = fc.record({
    apiVersion: fc.constant('modelctl.dev/v1alpha1'),
    kind: fc.constantFrom('Model', 'Category', 'HardwareTarget', 'Host', 'Backend', 'Registry'),
    metadata: fc.oneof(fc.constant({ name: 'a' }), fc.jsonValue()),
    spec: fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          source: fc.jsonValue(),
          targets: fc.jsonValue(),
          runtime: fc.oneof(fc.jsonValue(), fc.record({ gpuLayers: fc.jsonValue() })),
          derive: fc.record({ parameters: fc.jsonValue() }),
          auth: fc.oneof(fc.jsonValue(), fc.record({ bearer: fc.jsonValue() })),
          type: fc.jsonValue(),
          labels: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    ),
  });
  await fc.assert(
    fc.asyncProperty(object, (value) => holds(JSON.stringify(value))),
    { numRuns: 500 },
  );
});
