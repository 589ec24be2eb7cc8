import { describe, expect, test } from 'vitest';
import {
  blobPath,
  manifestPath,
  readManifest,
  spelledAsStored,
  storedNames,
} from '../../../src/backends/ollama/store.ts';
import { createFakeIo } from '../../fakes/io.ts';
import { createRegistry } from '../../fakes/ollama/registry.ts';

const store = '/ollama';
const name = { host: 'localhost:5001', namespace: 'library', model: 'tiny', tag: 'v1' };
const published = createRegistry().publish('library/tiny:v1', { weights: 'some' });

describe("Ollama's store", () => {
  test('has a file for each blob and each name', () => {
    const digest = published.artifact().weights;
    expect(blobPath(store, digest)).toBe(`/ollama/blobs/sha256-${digest.slice(7)}`);
    expect(manifestPath(store, name)).toBe('/ollama/manifests/localhost:5001/library/tiny/v1');
  });

  test('tells its names, but nothing above or below the four folders of one', async () => {
    const { files } = createFakeIo();
    for (const path of ['.modelctl-1', 'host/ns/model/tag', 'host/ns/file', 'host/ns/m/t/deeper'])
      files.put(`/ollama/manifests/${path}`, '{}');
    const names = [];
    for await (const one of storedNames(files, store)) names.push(one);
    for await (const one of storedNames(files, '/nowhere')) names.push(one);
    expect(names).toEqual([{ host: 'host', namespace: 'ns', model: 'model', tag: 'tag' }]);
  });

  test('gives a manifest with its digest and files, whole or not', async () => {
    const { files } = createFakeIo();
    const path = manifestPath(store, name);
    expect(await readManifest(files, path)).toBeNull();
    files.put(path, published.raw);
    expect(await readManifest(files, path)).toMatchObject({
      revision: published.revision,
      files: published.artifact().files.map(({ digest, bytes }) => ({ digest, bytes })),
    });
    files.put(path, published.raw.slice(0, 50));
    expect(await readManifest(files, path)).toMatchObject({ files: null });
  });

  test('keeps the spelling of the name that is there, else of its parts', async () => {
    const { files } = createFakeIo();
    files.put('/ollama/manifests/LOCALHOST:5001/library/Tiny/V1', '{}');
    files.put('/ollama/manifests/LOCALHOST:5001/library/tiny/v2', '{}');
    const host = 'LOCALHOST:5001';
    const spelled = (more: object) => spelledAsStored(files, store, { ...name, ...more });
    expect(await spelled({})).toEqual({ ...name, host, model: 'Tiny', tag: 'V1' });
    expect(await spelled({ tag: 'v3' })).toEqual({ ...name, host, tag: 'v3' });
    expect(await spelled({ model: 'other' })).toEqual({ ...name, host, model: 'other' });
  });
});
