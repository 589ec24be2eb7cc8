import { describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../src/backends/backend.ts';
import { check as checkEmbedded } from '../../src/backends/embedded/check.ts';
import { check as checkOllama } from '../../src/backends/ollama/check.ts';
import { importedFiles } from '../../src/backends/weights-file.ts';
import type { Artifact } from '../../src/core/artifact.ts';
import { sha256Text } from '../../src/core/hash.ts';
import { weightsDigest } from '../../src/core/weights.ts';

const file = (path: string) => ({ path, bytes: 1, digest: sha256Text(path) });
const source = 'oci://registry.example.com/team/tiny:v1';

function artifactOf(
  paths: readonly string[],
  weights: readonly string[],
  format = 'gguf',
): Artifact {
  return {
    source,
    revision: sha256Text('manifest'),
    manifest: 'manifest',
    files: paths.map(file),
    weights: weightsDigest(weights.map(file)),
    facts: { format },
  };
}

describe.each([
  ['Ollama', checkOllama, 'takes'],
  ['the embedded engine', checkEmbedded, 'does not take'],
])('%s', (_, check, ofSplits) => {
  const ask = (artifact?: Artifact): ModelRequest => ({
    model: 'tiny',
    source,
    ...(artifact === undefined ? {} : { artifact }),
    aliases: [],
    residency: 'stored',
    runtime: {},
  });

  test('takes one GGUF file of a registry, whatever stands beside it', () => {
    expect(check(ask())).toMatchObject({ ok: true });
    expect(check(ask(artifactOf(['tiny.gguf', 'LICENSE'], ['tiny.gguf'])))).toMatchObject({
      ok: true,
    });
  });

  test(`${ofSplits} weights in several files`, () => {
    const checked = check(ask(artifactOf(['a.gguf', 'b.gguf'], ['a.gguf', 'b.gguf'])));
    expect(checked.ok).toBe(ofSplits === 'takes');
    expect(checked.ok ? '' : checked.problems[0]?.detail).toMatch(
      checked.ok ? '' : 'several files',
    );
  });

  test.each([
    [
      'in another format',
      artifactOf(['a.safetensors'], ['a.safetensors'], 'safetensors'),
      'safetensors',
    ],
  ])('does not take weights %s, and says so', (__, artifact, detail) => {
    expect(check(ask(artifact))).toMatchObject({
      ok: false,
      problems: [
        {
          code: 'backend/unsupported',
          path: 'spec.source',
          detail: expect.stringContaining(detail) as string,
        },
      ],
    });
  });
});

test('a projector is imported with the weights, and a licence is not', () => {
  const artifact = artifactOf(['LICENSE', 'weights', 'mmproj-x.gguf'], ['weights']);
  expect(importedFiles(artifact).map(({ path }) => path)).toEqual(['weights', 'mmproj-x.gguf']);
});
