import { describe, expect, test } from 'vitest';
import {
  modelImage,
  parseImage,
  weightsLayer,
} from '../../../../src/artifacts/stores/oci/image.ts';
import { sha256Text } from '../../../../src/core/hash.ts';
import { createFakeIo } from '../../../fakes/io.ts';
import { model } from './models.ts';

const one = () => model(createFakeIo(), 'one');

describe('the manifest of a model', () => {
  test('is a ModelPack image manifest whose digest is that of its bytes', () => {
    const image = modelImage(one(), {});
    expect(image.digest).toBe(sha256Text(image.manifest));
    expect(image.config.digest).toBe(sha256Text(image.config.text));
    expect(JSON.parse(image.manifest)).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.cncf.model.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.cncf.model.config.v1+json',
        digest: image.config.digest,
        size: image.config.text.length,
      },
      layers: [
        {
          mediaType: 'application/vnd.cncf.model.weight.v1.raw',
          digest: sha256Text('one'),
          size: 3,
          annotations: { 'org.cncf.model.filepath': 'one.gguf' },
        },
      ],
      annotations: { 'dev.modelctl.weights': sha256Text('one') },
    });
    expect(JSON.parse(image.config.text)).toEqual({
      descriptor: {},
      config: { format: 'gguf' },
      modelfs: { type: 'layers', diffIds: [sha256Text('one')] },
    });
  });

  test('is the same wherever the bytes came from and whatever else is known of them', () => {
    const moved = {
      ...one(),
      source: 'https://example.com/one.gguf',
      facts: { format: 'gguf', parameters: 7 },
    };
    expect(modelImage(moved, {}).digest).toBe(modelImage(one(), {}).digest);
  });

  test('differs with each part of a recipe, and not with the order of its keys', () => {
    const recipes = [
      {},
      { system: 'Be brief.' },
      { template: '{{ messages }}' },
      { parameters: { temperature: 0 } },
      { parameters: { temperature: 0.5 } },
      { adapters: [{ path: 'file://./a.gguf', digest: sha256Text('a'), bytes: 1 }] },
    ];
    const digests = recipes.map((recipe) => modelImage(one(), recipe).digest);
    expect(new Set(digests).size).toBe(recipes.length);
    const there = modelImage(one(), { system: 's', parameters: { top_k: 1, top_p: 1 } });
    const back = modelImage(one(), { parameters: { top_p: 1, top_k: 1 }, system: 's' });
    expect(there.manifest).toBe(back.manifest);
  });

  test('is read back as what it was made from', () => {
    const adapter = { path: 'file://./a.gguf', digest: sha256Text('a'), bytes: 1 };
    const recipe = { system: 'Be brief.', parameters: { stop: ['a', 'b'], top_k: 4 } };
    const image = modelImage(one(), { ...recipe, adapters: [adapter] });
    const read = parseImage(image.manifest, image.digest);
    expect(read).toMatchObject({
      weights: sha256Text('one'),
      layers: [
        { digest: sha256Text('one'), bytes: 3, path: 'one.gguf' },
        { digest: sha256Text('a'), bytes: 1, path: 'adapters/0.gguf' },
      ],
      recipe: { ...recipe, adapters: [{ path: adapter.digest, digest: adapter.digest }] },
    });
    expect(read?.references.toSorted()).toEqual(
      [image.digest, image.config.digest, sha256Text('one'), sha256Text('a')].toSorted(),
    );
    expect(read && weightsLayer(read)).toBe(sha256Text('one'));
  });
});

describe('the manifest of someone else', () => {
  const digest = sha256Text('x');
  const descriptor = { mediaType: 'application/octet-stream', digest, size: 1 };

  test('has the weights in its only layer, and no recipe', () => {
    const text = JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [descriptor] });
    expect(parseImage(text, digest)).toMatchObject({ weights: digest, recipe: {} });
  });

  test('does not say which of several layers is the model', () => {
    const text = JSON.stringify({ config: descriptor, layers: [descriptor, descriptor] });
    expect(parseImage(text, digest)?.weights).toBeNull();
  });

  test.each(['', '[]', '{}', '{"layers":[],"config":1}', '{"layers":[{"digest":"md5:1"}]}'])(
    'is none when it reads %j',
    (text) => {
      expect(parseImage(text, digest)).toBeNull();
    },
  );

  test('is not believed to have a recipe of our shape', () => {
    const recipe = JSON.stringify({
      system: 1,
      template: 't',
      parameters: { a: {}, b: 2 },
      adapters: [{ path: 1 }],
    });
    const annotations = { 'dev.modelctl.recipe': recipe };
    const text = JSON.stringify({ config: descriptor, layers: [descriptor], annotations });
    expect(parseImage(text, digest)?.recipe).toEqual({
      template: 't',
      parameters: { b: 2 },
      adapters: [],
    });
  });
});
