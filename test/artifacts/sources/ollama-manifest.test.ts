import { describe, expect, it } from 'vitest';
import { ollamaSource } from '../../../src/artifacts/sources/ollama/index.ts';
import { createRegistry } from '../../fakes/registry-server.ts';
import { createWorld, problemOf } from '../world.ts';

const weights = Buffer.from('GGUF weights of a model that is not one');
const name = 'library/qwen3:8b';

function setUp() {
  const registry = createRegistry();
  registry.addModel(name, { weights });
  const world = createWorld(registry.http);
  return { registry, resolve: () => ollamaSource.resolve('qwen3:8b', world) };
}

describe('a hostile manifest', () => {
  const good = (): Record<string, unknown> => {
    const registry = createRegistry();
    return JSON.parse(registry.addModel(name, { weights }).manifest) as Record<string, unknown>;
  };
  const layer = (fields: object) => ({ ...(good()['layers'] as object[])[0], ...fields });
  const withLayers = (...layers: object[]) => JSON.stringify({ ...good(), layers });
  const hex = 'a'.repeat(64);

  it.each<[string, string | Uint8Array]>([
    ['is empty', ''],
    ['is a web page', '<!doctype html><title>Sign in</title>'],
    ['is not text', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['begins with a byte order mark', `\uFEFF${JSON.stringify(good())}`],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['nests without end', '['.repeat(100_000)],
    ['has another version', JSON.stringify({ ...good(), schemaVersion: 1 })],
    [
      'is an index',
      JSON.stringify({ ...good(), mediaType: 'application/vnd.oci.image.index.v1+json' }),
    ],
    ['has no layers', JSON.stringify({ ...good(), layers: undefined })],
    ['has an empty list of layers', withLayers()],
    ['has layers that are no list', JSON.stringify({ ...good(), layers: { length: 3 } })],
    ['has a layer that is null', JSON.stringify({ ...good(), layers: [null] })],
    ['has 20,000 layers', withLayers(...Array.from({ length: 20_000 }, () => ({})))],
    ['has no config', JSON.stringify({ ...good(), config: undefined })],
    ['has a config of another type', JSON.stringify({ ...good(), config: layer({}) })],
    ['has a negative size', withLayers(layer({ size: -1 }))],
    ['has a size that is no integer', withLayers(layer({ size: 1.5 }))],
    ['has a size in text', withLayers(layer({ size: '12' }))],
    [
      'has a size beyond all numbers',
      withLayers(layer({ size: 1 })).replace('"size":1}', '"size":1e400}'),
    ],
    ['has sizes that add up to too much', withLayers(layer({ size: 2 ** 52 }))],
    ['has a digest that climbs', withLayers(layer({ digest: `sha256:../../${hex}` }))],
    ['has a digest in capitals', withLayers(layer({ digest: `sha256:${hex.toUpperCase()}` }))],
    ['has a digest of another kind', withLayers(layer({ digest: `md5:${hex}` }))],
    ['repeats a digest with another size', withLayers(layer({ size: 1 }), layer({ size: 2 }))],
    [
      'repeats a digest with another type',
      withLayers(layer({}), layer({ mediaType: 'application/vnd.ollama.image.template' })),
    ],
    [
      'has a layer of a type that is not Ollama’s',
      withLayers(layer({}), layer({ mediaType: 'application/x-sh', digest: `sha256:${hex}` })),
    ],
    ['has two layers of weights', withLayers(layer({}), layer({ digest: `sha256:${hex}` }))],
    ['has no weights', withLayers(layer({ mediaType: 'application/vnd.ollama.image.license' }))],
  ])('is refused when it %s', async (_, manifest) => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, body: manifest });
    const problem = problemOf(await resolve());
    expect(problem).toMatchObject({ code: 'source/bad-manifest', retry: 'never' });
    expect(problem.detail).toMatch(/^[\u0020-\u007e]*$/);
    expect(registry.requests).toHaveLength(1);
  });

  it('is refused unread when it is too large', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, body: Buffer.alloc(5 * 1024 * 1024, 0x20) });
    expect(problemOf(await resolve())).toMatchObject({ code: 'source/too-large' });
  });

  it('of separate tensors is named for what it is', async () => {
    const { registry, resolve } = setUp();
    registry.add({
      on: /manifests/,
      body: withLayers(layer({ mediaType: 'application/vnd.ollama.image.tensor' })),
    });
    expect(problemOf(await resolve())).toMatchObject({ code: 'source/unsupported' });
  });
});
