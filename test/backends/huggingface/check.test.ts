// What a Hugging Face cache can keep of a Model, and the fields that it names when it cannot.
import { expect, test } from 'vitest';
import type { ModelRequest } from '../../../src/backends/backend.ts';
import { check } from '../../../src/backends/huggingface/check.ts';
import { canonicalName } from '../../../src/backends/huggingface/translate.ts';

const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'chat',
  source: 'hf://org/repo@main',
  aliases: [],
  residency: 'stored',
  runtime: {},
  ...more,
});

test.each([
  ['hf://org/repo@main', 'org/repo'],
  ['hf://org/repo:Q4_K_M@main', 'org/repo:Q4_K_M'],
  ['hf://org/repo/sub/file.gguf@main', 'org/repo/sub/file.gguf'],
  ['hf://org/repo@v1', 'org/repo@v1'],
])('%s is called %s', (source, name) => {
  expect(check(request({ source }))).toMatchObject({
    ok: true,
    value: [{ name, role: 'model', build: { kind: 'source' }, residency: 'stored', load: {} }],
  });
  expect(canonicalName(name)).toBe(name);
});

test('what is for who runs it is no matter, and a servedName may be the name itself', () => {
  const runtime = { contextLength: 4096, keepAliveMs: 60_000 };
  expect(check(request({ runtime, servedName: 'org/repo@main' })).ok).toBe(true);
  expect(check(request({ residency: 'optional' })).ok).toBe(true);
});

const artifact = {
  source: 'hf://org/repo@main',
  revision: `sha256:${'0'.repeat(64)}`,
  files: [],
  weights: `sha256:${'0'.repeat(64)}`,
  facts: {},
} as const;

test.each<[string, Partial<ModelRequest>]>([
  ['spec.source', { source: 'ollama://registry.ollama.ai/library/qwen3:8b' }],
  ['spec.source', { artifact }],
  ['spec.derive', { derive: { system: 'Be brief.' } }],
  ['spec.aliases.0', { aliases: ['other'] }],
  ['spec.residency', { residency: 'loaded' }],
  ['spec.residency', { residency: 'pinned' }],
  ['spec.servedName', { servedName: 'chat' }],
])('%s is named where it cannot be honoured: %o', (path, more) => {
  const checked = check(request(more));
  expect(checked.ok).toBe(false);
  expect(checked.problems).toMatchObject([{ code: 'backend/unsupported', path }]);
  expect(checked.problems[0]?.remedy).toBeTruthy();
});
