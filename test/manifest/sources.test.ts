// What is said about a `source` that cannot be one.
import { expect, test } from 'vitest';
import { loadText, modelWith } from './load-text.ts';

const digest = 'a'.repeat(64);

test.each([
  'qwen3',
  'qwen3:8b',
  'library/qwen3:8b',
  'registry.example.com:5000/team/coder:v2',
  'ollama://qwen3:8b',
  'oci://docker.io/ai/smollm2:latest',
  `oci://localhost:5000/team/tiny@sha256:${digest}`,
  'hf://org/repo',
  'hf://Org/Repo-GGUF:Q4_K_M@refs/pr/1',
  'hf://org/repo/a/my%20model.gguf@v1.0',
  'file://./my model.gguf',
  'file:///srv/models/a.gguf',
  `https://example.com/a.gguf?download=1#sha256=${digest}`,
  `http://localhost:8080/a.gguf#sha256=${digest}`,
  `http://127.0.0.1/a.gguf#sha256=${digest}`,
  `http://[::1]:80/a.gguf#sha256=${digest}`,
])('accepts %s', async (source) => {
  expect((await loadText(modelWith(`source: "${source}"`))).problems).toEqual([]);
});

test.each([
  ['olama://qwen3:8b', 'Did you mean `ollama://`?'],
  ['oci://', 'which names no model in a registry'],
  ['hg://org/repo', 'Did you mean `hf://`?'],
  ['hf://org', 'no file or model of a repository'],
  ['hf://org/my repo', 'no file or model of a repository'],
  ['hf://hf.co/org/repo', 'Did you mean `hf://org/repo`?'],
  ['https://huggingface.co/org/repo', 'did you mean `hf://org/repo`?'],
  [
    'https://huggingface.co/org/repo/resolve/refs%2Fpr%2F1/a/x.gguf?download=true',
    'did you mean `hf://org/repo/a/x.gguf@refs/pr/1`?',
  ],
  ['http://example.com/a.gguf', 'not fetched over plain http'],
  [`http://localhost.example.com/a#sha256=${digest}`, 'not fetched over plain http'],
  [`http://me:pass@localhost/a#sha256=${digest}`, 'not fetched over plain http'],
  ['http://localhost:8080/a.gguf', 'without the digest of the file'],
  ['https://example.com/a.gguf', 'without the digest of the file'],
  ['https://example.com/a.gguf#sha256=abc', 'a sha256 has 64 hex digits'],
  [`https://me:pass@example.com/a#sha256=${digest}`, 'user name and password cannot be part of it'],
  ['./a.gguf', 'looks like a path'],
  ['C:\\\\models\\\\a.gguf', 'looks like a path'],
  ['model.gguf', 'looks like a path'],
  ['two words', 'not the name of a model'],
  ['', 'not the name of a model'],
])('refuses %j and says why', async (source, why) => {
  const { problems } = await loadText(modelWith(`source: "${source}"`));
  expect(problems).toHaveLength(1);
  expect(problems[0]?.detail).toContain(why);
  expect(problems[0]?.origin).toMatchObject({ line: 6, column: 11 });
});
