import { describe, expect, it } from 'vitest';
import { canonicalize, sourceFor, sources } from '../../../src/artifacts/sources/index.ts';
import { matching, problemOf, valueOf } from '../world.ts';

const digest = 'ab'.repeat(32);

describe('a reference', () => {
  it.each([
    ['qwen3:8b', 'ollama'],
    ['ollama://qwen3:8b', 'ollama'],
    ['registry.example.com:5000/team/coder:v2', 'ollama'],
    ['OCI://registry.example.com/team/coder', 'oci'],
    ['hf://org/repo:Q4_K_M', 'hf'],
    ['FILE://./x.gguf', 'file'],
    [`https://example.com/x.gguf#sha256=${digest}`, 'https'],
    [`http://127.0.0.1:8080/x.gguf#sha256=${digest}`, 'http'],
  ])('%s is for %s', (reference, scheme) => {
    expect(valueOf(sourceFor(reference)).scheme).toBe(scheme);
  });

  it.each([
    ['olama://qwen3', 'source/unknown-scheme', /Did you mean ollama:\/\/\?/],
    ['s3://bucket/x', 'source/unknown-scheme', /Use ollama:\/\//],
    ['file:./x.gguf', 'source/unknown-scheme', /Write file:\/\//],
    ['./x.gguf', 'source/unknown-scheme', /file:\/\/\.\//],
    ['C:\\models\\x.gguf', 'source/unknown-scheme', /file:\/\/\.\//],
    ['oci://ns/name:tag', 'source/invalid', /Did you mean oci:\/\/docker\.io\/ns\/name:tag\?/],
  ])('%s is refused with what to write instead', (reference, code, remedy) => {
    expect(problemOf(canonicalize(reference))).toMatchObject({
      code,
      retry: 'never',
      remedy: matching(remedy),
    });
  });

  it('has one spelling, which leads to the same source again', () => {
    const canonical = valueOf(sources.canonicalize('Qwen3:8b'));
    expect(canonical).toBe('ollama://registry.ollama.ai/library/qwen3:8b');
    expect(sources.sourceOf(canonical).scheme).toBe('ollama');
    expect(valueOf(sources.canonicalize(canonical))).toBe(canonical);
  });
});
