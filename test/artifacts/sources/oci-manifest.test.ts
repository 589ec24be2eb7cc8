import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../src/artifacts/sources/oci/manifest.ts';
import { filesOf } from '../../../src/artifacts/sources/oci/translate.ts';
import type { Checked } from '../../../src/core/problem.ts';
import { type ImageLayer, imageManifest, modelFile, type OciImage } from '../../fakes/oci-image.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { matching, problemOf, valueOf } from '../world.ts';

const name = 'registry.example.com/team/tiny:v1';

function filesIn(text: string | Uint8Array): Checked<ReturnType<typeof valueOfFiles>> {
  const manifest = parseManifest(Buffer.from(text), name);
  if (!manifest.ok) return manifest;
  if (manifest.value.kind !== 'image') throw new Error('an image was expected');
  return filesOf(manifest.value, name);
}
const valueOfFiles = (image: OciImage) => valueOf(filesOf(imageOf(image), name));
function imageOf(image: OciImage) {
  const manifest = valueOf(parseManifest(Buffer.from(imageManifest(image)), name));
  if (manifest.kind !== 'image') throw new Error('an image was expected');
  return manifest;
}

const docker = (kind: string, content: string, path?: string): ImageLayer => ({
  content,
  mediaType: `application/vnd.docker.ai.${kind}`,
  ...(path === undefined ? {} : { annotations: { 'org.cncf.model.filepath': path } }),
});
const titled = (title: string, mediaType: string, more = {}): ImageLayer => ({
  content: title,
  mediaType,
  annotations: { 'org.opencontainers.image.title': title, ...more },
});
const tar = 'application/vnd.oci.image.layer.v1.tar';
const container = {
  configType: 'application/vnd.oci.image.config.v1+json',
  fields: { artifactType: undefined },
};

describe('the files of a model', () => {
  it.each<[string, OciImage, readonly string[], string]>([
    [
      'in the form of ModelPack',
      {
        layers: [
          modelFile('deep/tiny.gguf', 'w'),
          { ...modelFile('README.md', 'd'), mediaType: 'application/vnd.cncf.model.doc.v1.raw' },
          { ...modelFile('src', 'c'), mediaType: 'application/vnd.cncf.model.code.v1.tar' },
        ],
      },
      ['deep/tiny.gguf', 'README.md'],
      'w',
    ],
    [
      "in Docker's form, without names",
      {
        configType: 'application/vnd.docker.ai.model.config.v0.1+json',
        fields: { artifactType: undefined },
        layers: [
          docker('gguf.v3', 'w'),
          docker('mmproj', 'p'),
          docker('license', 'one'),
          docker('license', 'two'),
        ],
      },
      ['model.gguf', 'mmproj.gguf', 'LICENSE', 'LICENSE-2'],
      'w',
    ],
    [
      "in Docker's form, with names",
      { layers: [docker('gguf.v3', 'w', 'a/tiny.gguf'), docker('model.file', '{}', 'a/x.json')] },
      ['a/tiny.gguf', 'a/x.json'],
      'w',
    ],
    [
      'as ORAS pushes single files',
      {
        configType: 'application/vnd.oci.empty.v1+json',
        fields: { artifactType: 'application/vnd.example.model' },
        layers: [
          titled('tiny.gguf', tar),
          titled('notes.txt', 'text/plain'),
          titled('mmproj-tiny.gguf', tar),
        ],
      },
      ['tiny.gguf', 'notes.txt', 'mmproj-tiny.gguf'],
      'tiny.gguf',
    ],
    [
      'as modelctl stores it',
      {
        layers: [modelFile('LICENSE', 'l'), modelFile('tiny.gguf', 'w')],
        fields: { annotations: { 'dev.modelctl.weights': digestOf('w') } },
      },
      ['LICENSE', 'tiny.gguf'],
      'w',
    ],
  ])('%s are named and told apart', (_, image, paths, weights) => {
    const model = valueOfFiles(image);
    expect(model.files.map((file) => file.path)).toEqual(paths);
    expect(model.weights).toBe(digestOf(weights));
  });
});

describe('what is no model', () => {
  it.each<[string, OciImage, RegExp]>([
    [
      'a container image',
      { ...container, layers: [{ content: 'x', mediaType: `${tar}+gzip` }] },
      /container image/,
    ],
    [
      "an image of Docker's",
      {
        configType: 'application/vnd.docker.container.image.v1+json',
        fields: { artifactType: undefined },
        layers: [{ content: 'x', mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }],
      },
      /container image/,
    ],
    [
      'a model in archives',
      {
        configType: 'application/vnd.kitops.modelkit.config.v1+json',
        layers: [{ content: 'x', mediaType: 'application/vnd.kitops.modelkit.model.v1.tar+gzip' }],
      },
      /packs its files/,
    ],
    [
      'a folder of ORAS',
      { layers: [titled('x', `${tar}+gzip`, { 'io.deis.oras.content.unpack': 'true' })] },
      /packs its files/,
    ],
    [
      "a model of Ollama's",
      { layers: [{ content: 'x', mediaType: 'application/vnd.ollama.image.model' }] },
      /form of Ollama/,
    ],
    [
      'what modelctl derived',
      {
        layers: [modelFile('x.gguf', 'x')],
        fields: { annotations: { 'dev.modelctl.recipe': '{}' } },
      },
      /derived/,
    ],
    ['something else', { layers: [{ content: 'x', mediaType: 'application/wasm' }] }, /not known/],
  ])('as %s, is refused by what it is', (_, image, detail) => {
    expect(problemOf(filesOf(imageOf(image), name))).toMatchObject({
      code: 'source/unsupported',
      detail: matching(detail),
    });
  });
});

describe('a hostile manifest', () => {
  it.each([
    '../x.gguf',
    '/etc/passwd',
    'a/../../x',
    'a//b',
    './x',
    'C:/x',
    'a\\b',
    'x\u0000.gguf',
    'x\n',
    '',
    'x'.repeat(513),
  ])('with a file at %j is refused', (path) => {
    expect(problemOf(filesOf(imageOf({ layers: [modelFile(path, 'x')] }), name)).detail).toContain(
      'leads elsewhere',
    );
  });

  const layer = { mediaType: 'a/b', digest: digestOf('x'), size: 1 };
  it.each<[string, object, RegExp]>([
    [
      'two files of one name',
      {
        layers: [modelFile('x.gguf', 'a'), modelFile('X.gguf', 'b')].map((one) => ({
          ...layer,
          mediaType: 'application/vnd.cncf.model.weight.v1.raw',
          annotations: one.annotations,
        })),
      },
      /Two of its files/,
    ],
    ['layers and manifests', { manifests: [layer] }, /both layers/],
    ['no layers', { layers: [] }, /lists nothing/],
    ['too many layers', { layers: Array.from({ length: 10_001 }, () => layer) }, /10001/],
    ['a size below nothing', { layers: [{ ...layer, size: -1 }] }, /Item 1/],
    ['a size that is a lie', { layers: [{ ...layer, size: 2 ** 51 }] }, /add up/],
    [
      'a digest of another kind',
      { layers: [{ ...layer, digest: `sha512:${'a'.repeat(128)}` }] },
      /Item 1/,
    ],
    ['a digest that is a path', { layers: [{ ...layer, digest: 'sha256:../../x' }] }, /Item 1/],
    ['no config', { config: undefined }, /config/],
    ['another mediaType', { mediaType: 'text/html' }, /mediaType/],
    ['another version', { schemaVersion: 1 }, /schemaVersion/],
    [
      'no weights',
      { layers: [{ ...layer, mediaType: 'application/vnd.docker.ai.license' }] },
      /no weights/,
    ],
  ])('with %s is refused', (_, fields, detail) => {
    const text = imageManifest({ layers: [modelFile('x.gguf', 'x')], fields: { ...fields } });
    expect(problemOf(filesIn(text))).toMatchObject({
      code: 'source/bad-manifest',
      detail: matching(detail),
    });
  });

  it.each([['<html>'], [''], ['[]'], ['null'], [Buffer.from([0xff, 0xfe, 0x7b])]])(
    'that is %j is refused',
    (bytes) => {
      expect(problemOf(filesIn(bytes)).code).toBe('source/bad-manifest');
    },
  );

  it('of any shape is refused or has files with safe, unique paths', () => {
    const annotations = fc.dictionary(
      fc.constantFrom('org.cncf.model.filepath', 'org.opencontainers.image.title', 'x'),
      fc.oneof(fc.string(), fc.constantFrom('a.gguf', '../a', 'b/c.gguf')),
    );
    const layers = fc.array(
      fc.record({
        mediaType: fc.constantFrom(
          'application/vnd.cncf.model.weight.v1.raw',
          'application/vnd.docker.ai.license',
          'application/vnd.docker.ai.gguf.v3',
          tar,
          'text/plain',
        ),
        digest: fc.constantFrom(digestOf('a'), digestOf('b'), 'sha256:x'),
        size: fc.oneof(fc.nat(), fc.double()),
        annotations,
      }),
    );
    const value = fc.oneof(layers, fc.jsonValue());
    fc.assert(
      fc.property(value, (list) => {
        const text = imageManifest({ layers: [], fields: { layers: list } });
        const answer = filesIn(text);
        if (!answer.ok) return;
        const paths = answer.value.files.map((file) => file.path.toLowerCase());
        expect(new Set(paths).size).toBe(paths.length);
        for (const path of paths) expect(path).not.toMatch(/(^|\/)\.{0,2}(\/|$)|\\/);
      }),
    );
  });
});
