import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { Routes } from '../../../src/artifacts/registries/route.ts';
import { ociSource } from '../../../src/artifacts/sources/oci/index.ts';
import { weightsDigest } from '../../../src/core/weights.ts';
import { ggufBytes } from '../../fakes/gguf-bytes.ts';
import { imageManifest, modelFile, publishImage, publishManifest } from '../../fakes/oci-image.ts';
import { createRegistry } from '../../fakes/registry-server.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { createWorld, matching, problemOf, valueOf } from '../world.ts';

const weights = ggufBytes();
const layers = [modelFile('tiny.gguf', weights), modelFile('LICENSE', 'Apache-2.0')];
const name = 'team/tiny:v1';

function setUp() {
  const registry = createRegistry();
  const revision = publishImage(registry, name, { layers });
  const world = createWorld(registry.http);
  return {
    registry,
    revision,
    world,
    resolve: (reference = 'oci://registry.example.com/team/tiny:v1') =>
      ociSource.resolve(reference, world),
  };
}

describe('resolving', () => {
  it('pins every file with the manifest byte for byte and the facts of the weights', async () => {
    const { resolve, revision } = setUp();
    const artifact = valueOf(await resolve());
    expect(artifact).toMatchObject({
      source: 'oci://registry.example.com/team/tiny:v1',
      revision,
      weights: digestOf(weights),
      facts: { format: 'gguf', architecture: 'llama', contextLength: 4096 },
    });
    expect(digestOf(artifact.manifest ?? '')).toBe(revision);
    expect(artifact.files).toMatchObject([
      { path: 'tiny.gguf', bytes: weights.length, digest: digestOf(weights) },
      { path: 'LICENSE', bytes: 10 },
    ]);
  });

  it('asks for every kind of manifest, at the address that the host stands for', async () => {
    const { registry, resolve } = setUp();
    publishImage(registry, 'library/tiny:latest', { layers });
    valueOf(await resolve('oci://docker.io/tiny'));
    expect(registry.requests[0]?.url.href).toBe(
      'https://registry-1.docker.io/v2/library/tiny/manifests/latest',
    );
    expect(registry.requests[0]?.headers['accept']?.split(', ')).toEqual([
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
    ]);
  });

  it('reads no header where the config says all that people want to know', async () => {
    const { registry, resolve } = setUp();
    const config = {
      format: 'gguf',
      architecture: 'llama',
      quantization: 'Q8_0',
      context_size: 8192,
      parameters: '361.82 M',
    };
    publishImage(registry, name, { layers, config: { config } });
    registry.blobs.delete(digestOf(weights));
    expect(valueOf(await resolve()).facts).toEqual({
      format: 'gguf',
      architecture: 'llama',
      quantization: 'Q8_0',
      contextLength: 8192,
      parameters: 361_820_000,
    });
  });

  it('believes the weights before the config, and the config where they say nothing', async () => {
    const { registry, resolve } = setUp();
    const config = {
      descriptor: { family: 'other', licenses: ['MIT', 'BSD'] },
      config: { format: 'GGUF', paramSize: '8b', architecture: 'no word' },
    };
    publishImage(registry, name, { layers, config });
    expect(valueOf(await resolve()).facts).toMatchObject({
      format: 'gguf',
      architecture: 'llama',
      license: 'apache-2.0',
    });
    const bare = [modelFile('tiny.bin', 'no GGUF')];
    publishImage(registry, name, {
      layers: bare,
      config: { ...config, config: { paramSize: '8b' } },
    });
    expect(valueOf(await resolve()).facts).toEqual({
      architecture: 'other',
      license: 'MIT',
      parameters: 8_000_000_000,
    });
  });

  it('stays with a digest when the tag has moved', async () => {
    const { registry, resolve, revision } = setUp();
    publishImage(registry, name, {
      layers: [modelFile('other.gguf', ggufBytes({ dataBytes: 4096 }))],
    });
    const pinned = `oci://registry.example.com/team/tiny:v1@${revision}`;
    expect(valueOf(await resolve(pinned))).toMatchObject({ source: pinned, revision });
    expect(valueOf(await resolve()).revision).not.toBe(revision);
  });

  it('stands for several files of weights by the digest of their list', async () => {
    const { registry, resolve } = setUp();
    const shards = [weights, ggufBytes({ dataBytes: 8192 })];
    publishImage(registry, name, {
      layers: [
        modelFile('m-00001-of-00002.gguf', weights),
        modelFile('m-00002-of-00002.gguf', shards[1] ?? ''),
        modelFile('mmproj-m.gguf', 'GGUF of a projector'),
      ],
    });
    expect(valueOf(await resolve()).weights).toBe(
      weightsDigest(shards.map((shard) => ({ digest: digestOf(shard) }))),
    );
  });

  it('takes the one model of an index, also beside what is attested of it', async () => {
    const { registry, resolve, revision } = setUp();
    const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 10 };
    const index = (manifests: readonly unknown[]) =>
      JSON.stringify({ schemaVersion: 2, manifests });
    const attested = {
      ...entry,
      digest: digestOf('x'),
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    publishManifest(registry, name, index([attested, { ...entry, digest: revision }]));
    expect(valueOf(await resolve()).revision).toBe(revision);
    const foreign = { ...entry, digest: digestOf('y') };
    publishManifest(registry, name, index([foreign, { ...entry, digest: revision }]));
    const problem = problemOf(await resolve());
    expect(problem).toMatchObject({ code: 'source/ambiguous', remedy: matching(`@${revision}`) });
    const model = { artifactType: 'application/vnd.cncf.model.manifest.v1+json' };
    publishManifest(registry, name, index([foreign, { ...entry, ...model, digest: revision }]));
    expect(valueOf(await resolve()).revision).toBe(revision);
  });

  it('does not go round in an index that lists itself', async () => {
    const { registry, resolve } = setUp();
    const entry = { mediaType: 'application/vnd.oci.image.index.v1+json', size: 10 };
    let digest = digestOf('nothing');
    for (const depth of [1, 2, 3, 4]) {
      const text = JSON.stringify({ schemaVersion: 2, depth, manifests: [{ ...entry, digest }] });
      digest = publishManifest(registry, name, text);
    }
    expect(problemOf(await resolve()).detail).toContain('index of indexes');
    expect(registry.requests).toHaveLength(3);
  });
});

describe('a registry that cannot be trusted', () => {
  it.each([
    [
      'a manifest with another digest than it says',
      { on: /manifests/, headers: { 'docker-content-digest': digestOf('else') } },
      /has not the digest/,
    ],
    [
      'a manifest with another digest than was asked for',
      { on: /manifests/, body: imageManifest({ layers: [modelFile('x.gguf', 'GGUF')] }) },
      /has not the digest/,
    ],
    ['a config with another digest', { on: /cdn/, body: '{}' }, /configuration/],
  ])('sends %s', async (_, fault, detail) => {
    const { registry, resolve, revision } = setUp();
    registry.add(fault);
    expect(
      problemOf(await resolve(`oci://registry.example.com/team/tiny@${revision}`)),
    ).toMatchObject({ code: 'source/bad-manifest', retry: 'later', detail: matching(detail) });
  });

  it('may name its digest in a way that is not known here', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, headers: { 'docker-content-digest': 'sha512:abc' } });
    expect((await resolve()).ok).toBe(true);
  });

  it('sends a manifest that is too large', async () => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, body: ' '.repeat(4 * 1024 * 1024 + 1) });
    expect(problemOf(await resolve()).code).toBe('source/too-large');
  });

  it('sends weights with a header that is broken', async () => {
    const { registry, resolve } = setUp();
    publishImage(registry, name, { layers: [modelFile('x.gguf', weights.subarray(0, 300))] });
    expect(problemOf(await resolve()).code).toBe('source/broken-file');
  });

  it.each([
    [404, 'source/not-found', /host, the name and the tag/],
    [403, 'source/unauthorized', /Check the name/],
    [429, 'source/rate-limited', /later/],
  ])('answers %i', async (status, code, remedy) => {
    const { registry, resolve } = setUp();
    registry.add({ on: /manifests/, status });
    expect(problemOf(await resolve())).toMatchObject({ code, remedy: matching(remedy) });
  });
});

describe('a mirror', () => {
  it('is not told who one is to the registry that it stands in for', async () => {
    const { registry, revision, world } = setUp();
    writeFileSync(
      join(world.folder, 'config.json'),
      JSON.stringify({
        auths: { 'registry.example.com': { username: 'me', password: 'hunter2' } },
      }),
    );
    const get = (variable: string) => (variable === 'DOCKER_CONFIG' ? world.folder : undefined);
    const io = { ...world.io, environment: { ...world.io.environment, get } };
    const routes: Routes = (origin) =>
      [new URL('https://mirror.example.net'), origin].map((base) => ({
        base,
        http: registry.http,
        credentials: async () => null,
      }));
    const challenge = { 'www-authenticate': 'Basic realm="x"' };
    registry.add({ on: /manifests/, status: 401, headers: challenge, times: 2 });
    const resolved = ociSource.resolve('oci://registry.example.com/team/tiny:v1', {
      ...world,
      io,
      routes,
    });
    expect(valueOf(await resolved).revision).toBe(revision);
    const told = registry.requests.filter(({ headers }) => headers['authorization'] !== undefined);
    expect(new Set(told.map(({ url }) => url.host))).toEqual(new Set(['registry.example.com']));
    expect(registry.requests[0]?.url.host).toBe('mirror.example.net');
  });
});

describe('opening', () => {
  it('gives a part of a blob, and sends nothing of ours to where it is redirected', async () => {
    const { registry, resolve, world } = setUp();
    const artifact = valueOf(await resolve());
    const [file] = artifact.files;
    const opened = await ociSource
      .open(artifact, file!, world)
      .read({ signal: world.signal, range: { start: 5, end: 9 } });
    expect(opened).toMatchObject({ start: 5, totalBytes: weights.length });
    expect(await buffer(opened.bytes)).toEqual(weights.subarray(5, 10));
    expect(registry.requests.at(-1)?.url.hostname).toBe('cdn.registry.example.com');
  });

  it('is for references of its own only', () => {
    const { world } = setUp();
    const artifact = {
      source: 'file://./x.gguf',
      revision: digestOf(''),
      files: [],
      weights: digestOf(''),
      facts: {},
    };
    expect(() =>
      ociSource.open(artifact, { path: 'x', bytes: 1, digest: digestOf('') }, world),
    ).toThrow('source');
  });
});
