// Files of the Hugging Face Hub that a bundle brought: in the cache as the Hub's own tools expect them.
import { existsSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OciStore } from '../src/artifacts/stores/oci/blobs.ts';
import { blobPath } from '../src/artifacts/stores/oci/layout.ts';
import type { Artifact } from '../src/core/artifact.ts';
import { sha256Text } from '../src/core/hash.ts';
import { reconcile } from '../src/reconcile.ts';
import { printLock } from '../src/resolve/lock-file.ts';
import { intoCache } from '../src/restored-cache.ts';
import { bundleTo, createSite, put, restoreFrom, type Site } from './bundle-site.ts';
import { tinyGguf } from './fakes/tiny-gguf.mjs';
import { actionsOf, modelDocument } from './machine.ts';

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

describe('a set with a model of the Hub', () => {
  it('goes from one cache to another by a bundle, and is applied from there', async () => {
    const gguf = tinyGguf({ seed: 11 });
    const weightsOf = sha256Text(gguf);
    const source = 'hf://org/model:Q4_0@main';
    const file = { path: 'model-q4.gguf', bytes: gguf.length, digest: weightsOf };
    const entry = { model: 'hub', target: '-', source, revision: weightsOf, weights: weightsOf };
    const lock = { set: 'ab'.repeat(16), files: ['models.yaml'] };
    site.write('models.yaml', modelDocument('hub', 'source: hf://org/model:Q4_0'));
    site.write(
      'models.lock.yaml',
      printLock({ ...lock, entries: [{ ...entry, commit, files: [file], facts: {} }] }),
    );
    put(blobPath(store.path, weightsOf), gguf);
    await into({
      source,
      revision: weightsOf,
      weights: weightsOf,
      commit,
      files: [file],
      facts: {},
    });
    rmSync(store.path, { recursive: true });
    const path = join(site.folder, 'kept.tar');
    expect((await bundleTo(site, path)).problems).toEqual([]);

    const target = createSite();
    const restored = await restoreFrom(target, path);
    const cache = join(target.folder, 'user', '.cache', 'huggingface', 'hub');
    expect([restored.problems, restored.models.map(({ store: at }) => at)]).toEqual([[], [cache]]);
    const ref = join(cache, 'models--org--model', 'refs', 'main');
    expect(readFileSync(ref, 'utf8')).toBe(commit);
    const inputs = [join(target.folder, 'set', 'models.yaml')];
    const around = { io: target.offline, report: () => undefined };
    const run = (mode: 'apply' | 'plan') =>
      reconcile({ inputs, mode, locked: true }, { ...around, signal: AbortSignal.timeout(15_000) });
    const applied = await run('apply');
    expect([applied.exitCode, applied.problems]).toEqual([0, []]);
    expect(actionsOf(await run('plan'))).toEqual([]);
    target.remove();
  });
});
