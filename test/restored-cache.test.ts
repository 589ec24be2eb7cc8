// Files of the Hugging Face Hub that a bundle brought: in the cache as the Hub's own tools expect them.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OciStore } from '../src/artifacts/stores/oci/blobs.ts';
import { blobPath } from '../src/artifacts/stores/oci/layout.ts';
import type { Artifact } from '../src/core/artifact.ts';
import { sha256Text } from '../src/core/hash.ts';
import { intoCache } from '../src/restored-cache.ts';
import { createSite, put, type Site } from './bundle-site.ts';

let site: Site;
let store: OciStore;

beforeEach(() => {
  site = createSite();
  store = { path: join(site.home, 'cache', 'restored'), io: site.offline };
});

afterEach(() => {
  site.remove();
});

const commit = 'c0ffee'.padEnd(40, '0');
const weights = 'GGUF weights';
const digest = sha256Text(weights);

function artifact(source: string, more: { readonly commit?: string } = { commit }): Artifact {
  put(blobPath(store.path, digest), weights);
  return {
    source,
    revision: digest,
    weights: digest,
    files: [{ path: 'model-q4.gguf', bytes: weights.length, digest }],
    facts: {},
    ...more,
  };
}

const into = (one: Artifact) => intoCache(one, store, site.offline, AbortSignal.timeout(5000));
const repository = (): string =>
  join(site.folder, 'user', '.cache', 'huggingface', 'hub', 'models--org--model');

describe('a file of the Hub', () => {
  it.each([
    ['hf://org/model:Q4_0@main', 'main'],
    ['hf://org/model/model-q4.gguf@refs/pr/1', 'refs/pr/1'],
    ['hf://org/model@v1.0', 'v1.0'],
  ])('is in the snapshot of its commit, and the ref leads there (%s)', async (source, ref) => {
    const cached = await into(artifact(source));
    expect(cached).toEqual({ folder: join(repository(), '..'), problem: null });
    const entry = join(repository(), 'snapshots', commit, 'model-q4.gguf');
    expect([readFileSync(entry, 'utf8'), readlinkSync(entry)]).toEqual([
      weights,
      `../../blobs/${digest.slice('sha256:'.length)}`,
    ]);
    expect(readFileSync(join(repository(), 'refs', ref), 'utf8')).toBe(commit);
  });

  it('that is pinned to its commit makes no ref', async () => {
    await into(artifact(`hf://org/model@${commit}`));
    expect(existsSync(join(repository(), 'snapshots', commit))).toBe(true);
    expect(existsSync(join(repository(), 'refs', commit))).toBe(false);
  });

  it('stays in our store where the lock names no commit', async () => {
    expect(await into(artifact('hf://org/model@main', {}))).toEqual({
      folder: null,
      problem: null,
    });
    expect(existsSync(repository())).toBe(false);
  });

  it('stays there, with a warning, where the cache cannot take it', async () => {
    put(join(repository(), 'snapshots'), 'a file');
    const cached = await into(artifact('hf://org/model@main'));
    expect([cached.folder, cached.problem?.severity]).toEqual([null, 'warning']);
  });
});
