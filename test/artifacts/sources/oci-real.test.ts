// Against Debian's docker-registry, where it is installed: what no fake of ours can vouch for.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Credentials, Routes } from '../../../src/artifacts/registries/route.ts';
import { ociSource } from '../../../src/artifacts/sources/oci/index.ts';
import { createObtain } from '../../../src/artifacts/transfer/obtain.ts';
import { createNodeIo } from '../../../src/io/node.ts';
import { createFakeJournal } from '../../fakes/journal.ts';
import { modelFile } from '../../fakes/oci-image.ts';
import { basicHeader, startRegistry, user } from '../../fakes/real-registry.ts';
import { canRun } from '../../fakes/real-server.ts';
import { digestOf } from '../../fakes/registry-store.ts';
import { tinyGguf } from '../../fakes/tiny-gguf.mjs';
import { createWorld, matching, problemFrom, problemOf, valueOf } from '../world.ts';

const weights = tinyGguf({ says: 'from a registry', seed: 5 });
const image = { layers: [modelFile('tiny.gguf', weights), modelFile('LICENSE', 'Apache-2.0')] };

async function setUp(auth?: 'nobody' | 'basic' | 'token') {
  const world = createWorld(createNodeIo().http);
  const own = join(world.folder, 'registry');
  mkdirSync(own);
  const registry = await startRegistry(own, auth);
  onTestFinished(registry.stop);
  const revision = await registry.push('team/tiny', 'v1', image);
  const docker = join(world.folder, 'docker');
  mkdirSync(docker);
  const environment = {
    ...world.io.environment,
    get: (name: string) => (name === 'DOCKER_CONFIG' ? docker : undefined),
  };
  const io = { ...world.io, environment };
  const login = (entry: unknown) =>
    writeFileSync(
      join(docker, 'config.json'),
      JSON.stringify({ auths: { [registry.host]: entry } }),
    );
  const withCredentials =
    (credentials: Credentials): Routes =>
    (origin) => [{ base: origin, http: io.http, credentials: async () => credentials }];
  const reference = `oci://${registry.host}/team/tiny:v1`;
  return {
    registry,
    revision,
    world: { ...world, io },
    login,
    withCredentials,
    reference,
    resolve: (of = reference, routes = world.routes) =>
      ociSource.resolve(of, { ...world, io, routes }),
  };
}

const pair = { auth: basicHeader.slice('Basic '.length) };

describe.runIf(canRun('docker-registry'))('a real registry', () => {
  it('gives a model by its tag, pinned to the digest that it stores it under', async () => {
    const { resolve, revision } = await setUp();
    expect(valueOf(await resolve())).toMatchObject({
      revision,
      weights: digestOf(weights),
      files: [{ path: 'tiny.gguf', bytes: weights.length }, { path: 'LICENSE' }],
      facts: { format: 'gguf', architecture: 'llama' },
    });
  });

  it('gives ranges of a blob', async () => {
    const { resolve, world } = await setUp();
    const artifact = valueOf(await resolve());
    const [file] = artifact.files;
    const readable = ociSource.open(artifact, file!, world);
    const { signal } = world;
    const middle = await readable.read({ signal, range: { start: 1000, end: 1999 } });
    expect(middle).toMatchObject({ start: 1000, totalBytes: weights.length });
    expect(await buffer(middle.bytes)).toEqual(weights.subarray(1000, 2000));
    const rest = await readable.read({ signal, range: { start: weights.length - 7 } });
    expect(await buffer(rest.bytes)).toEqual(weights.subarray(-7));
  });

  it('keeps what a digest names when the tag moves, and says so of the tag', async () => {
    const { registry, resolve, revision, reference } = await setUp();
    const moved = await registry.push('team/tiny', 'v1', {
      layers: [modelFile('tiny.gguf', tinyGguf({ says: 'another', seed: 6 }))],
    });
    expect(valueOf(await resolve()).revision).toBe(moved);
    expect(valueOf(await resolve(`${reference}@${revision}`)).revision).toBe(revision);
    expect(problemOf(await resolve(`${reference}@${digestOf('never pushed')}`)).code).toBe(
      'source/not-found',
    );
  });

  it('gives whole files to a transfer, and a clear answer once a blob is gone', async () => {
    const { registry, resolve, world } = await setUp();
    const artifact = valueOf(await resolve());
    const { obtain } = createObtain({
      io: world.io,
      cacheFolder: join(world.folder, 'cache'),
      folderOf: () => world.folder,
      routes: world.routes,
      journal: createFakeJournal(),
    });
    const call = { signal: world.signal, onBytes: () => undefined };
    const [file, licence] = artifact.files;
    const obtained = await obtain(artifact, file!, call);
    expect(await buffer(world.io.files.readStream(obtained.path))).toEqual(weights);
    await registry.remove('team/tiny', licence!.digest);
    expect(await problemFrom(obtain(artifact, licence!, call))).toMatchObject({
      code: 'source/not-found',
      retry: 'never',
    });
  });
});

describe.runIf(canRun('docker-registry'))('a real registry that asks for a user name', () => {
  it('is refused to anyone', async () => {
    const { registry, resolve } = await setUp('basic');
    expect(problemOf(await resolve())).toMatchObject({
      code: 'source/unauthorized',
      remedy: matching(`docker login ${registry.host}`),
    });
  });

  it('takes what docker has for it, without repeating it when it is wrong', async () => {
    const { resolve, login } = await setUp('basic');
    login({ username: user.name, password: 'hunter2' });
    const problem = problemOf(await resolve());
    expect(problem.detail).toContain('config.json');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    login(pair);
    expect(valueOf(await resolve()).weights).toBe(digestOf(weights));
  });

  it('takes what was declared before what docker has', async () => {
    const { resolve, login, withCredentials, reference } = await setUp('basic');
    login({ username: user.name, password: 'hunter2' });
    const declared = { kind: 'basic', username: user.name, password: user.password } as const;
    const artifact = valueOf(await resolve(reference, withCredentials(declared)));
    expect(artifact.weights).toBe(digestOf(weights));
  });
});

describe.runIf(canRun('docker-registry', 'openssl'))('a real registry that asks for tokens', () => {
  it('is read with one token of its realm, got for the credentials', async () => {
    const { registry, resolve, login, world } = await setUp('token');
    login(pair);
    const artifact = valueOf(await resolve());
    const opened = await ociSource
      .open(artifact, artifact.files[0]!, world)
      .read({ signal: world.signal, range: { start: 3, end: 9 } });
    expect(await buffer(opened.bytes)).toEqual(weights.subarray(3, 10));
    expect(registry.realm).toEqual([basicHeader]);
  });

  it('is refused where the realm knows nobody', async () => {
    const { registry, resolve } = await setUp('token');
    expect(problemOf(await resolve()).code).toBe('source/unauthorized');
    expect(registry.realm).toEqual([null]);
  });
});
