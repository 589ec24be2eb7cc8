// Locks to test with: entries of every kind that sources make, and arbitrary ones.
import fc from 'fast-check';
import { digestOfFiles } from '../../src/core/artifact-files.ts';
import type { Digest } from '../../src/core/digest.ts';
import { sha256Text } from '../../src/core/hash.ts';
import { weightsOf } from '../../src/core/weights.ts';
import type { LockEntry, LockFile } from '../../src/resolve/lock-entry.ts';

export const digestFor = (seed: string): Digest => sha256Text(seed);

/** As from a registry: a manifest that hashes to the revision. */
export function registryEntry(model: string, fields: Partial<LockEntry> = {}): LockEntry {
  const weights = digestFor(`weights of ${model}`);
  const manifest =
    fields.manifest ??
    JSON.stringify({
      schemaVersion: 2,
      config: { digest: digestFor('config'), size: 487 },
      layers: [
        { mediaType: 'application/vnd.ollama.image.model', digest: weights, size: 5_225_374_496 },
      ],
    });
  return {
    model,
    target: '-',
    source: `ollama://registry.ollama.ai/library/${model}:8b`,
    revision: sha256Text(manifest),
    weights,
    manifest,
    files: [
      {
        path: 'model',
        bytes: 5_225_374_496,
        digest: weights,
        mediaType: 'application/vnd.ollama.image.model',
      },
      {
        path: 'config',
        bytes: 487,
        digest: digestFor('config'),
        mediaType: 'application/vnd.docker.container.image.v1+json',
      },
    ],
    facts: {
      format: 'gguf',
      architecture: 'qwen3',
      quantization: 'Q4_K_M',
      contextLength: 40_960,
      parameters: 8_200_000_000,
      license: 'apache-2.0',
    },
    ...fields,
  };
}

export function fileEntry(model: string, fields: Partial<LockEntry> = {}): LockEntry {
  const digest = digestFor(model);
  return {
    model,
    target: '-',
    source: `file://./${model}.gguf`,
    revision: digest,
    weights: digest,
    files: [{ path: `${model}.gguf`, bytes: 163_840, digest }],
    facts: {},
    ...fields,
  };
}

/** As from the Hub: several files without a manifest, and the commit that they stand in. */
export function hubEntry(model: string, fields: Partial<LockEntry> = {}): LockEntry {
  const files = ['model-00001-of-00002.gguf', 'model-00002-of-00002.gguf', 'mmproj.gguf'].map(
    (file) => ({ path: file, bytes: 1_000, digest: digestFor(`${file} of ${model}`) }),
  );
  return {
    model,
    target: '-',
    source: `hf://org/${model}:Q4_K_M@main`,
    revision: digestOfFiles(files),
    weights: weightsOf(files),
    commit: '0123456789abcdef0123456789abcdef01234567',
    files,
    facts: { format: 'gguf' },
    ...fields,
  };
}

export const lockOf = (...entries: readonly LockEntry[]): LockFile => ({
  set: '4f1d2c9b8a7e6350',
  files: ['models.yaml', 'teams/search.yaml'],
  entries,
});

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9._-]{0,10}[a-z0-9])?$/);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '-',
    'null',
    'yes',
    '1e3',
    '0x10',
    '2024-01-01',
    "it's",
    ' padded ',
    'a: b',
    '# c',
    '\r\n',
    '\u2028',
    '---\n',
    '{',
    '\u0085',
    '"',
    '\\',
    '\ufeff',
  ),
);
const path = fc
  .stringMatching(/^[A-Za-z0-9 _'"#:,é-]{1,12}$/)
  .filter((text) => !/^[A-Za-z]:/.test(text));

export const anyEntry: fc.Arbitrary<LockEntry> = fc
  .record({
    model: name,
    target: fc.oneof(fc.constant('-'), name),
    source: name.map((text) => `ollama://${text}`),
    manifest: fc.option(anyText, { nil: undefined }),
    commit: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/), { nil: undefined }),
    paths: fc.uniqueArray(path, { minLength: 1, maxLength: 3 }),
    mediaType: fc.option(anyText, { nil: undefined }),
    gitSha1: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/), { nil: undefined }),
    license: fc.option(anyText, { nil: undefined }),
    contextLength: fc.option(fc.nat(), { nil: undefined }),
    bytes: fc.maxSafeNat(),
  })
  .map((drawn) => {
    const { model, target, source, manifest, commit, paths, mediaType, bytes } = drawn;
    const { license, contextLength, gitSha1 } = drawn;
    const files = paths.map((one) => ({
      path: one,
      bytes,
      digest: digestFor(one),
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(gitSha1 === undefined ? {} : { gitSha1 }),
    }));
    const weights = manifest === undefined ? weightsOf(files) : files[0]!.digest;
    return {
      model,
      target,
      source,
      revision: manifest === undefined ? digestOfFiles(files) : sha256Text(manifest),
      weights,
      ...(commit === undefined ? {} : { commit }),
      ...(manifest === undefined ? {} : { manifest }),
      files,
      facts: {
        ...(license === undefined ? {} : { license }),
        ...(contextLength === undefined ? {} : { contextLength }),
      },
    };
  });
