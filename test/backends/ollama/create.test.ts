import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/core/digest.ts';
import type { CreateAction } from '../../../src/core/plan.ts';
import { parse } from '../../fakes/ollama/name.ts';
import { sha256 } from '../../fakes/ollama/store.ts';
import { act, asked, bringAll, buildsOf, onDisk } from './acts.ts';
import { importedSubject, importWorld, memoryWorld } from './worlds.ts';

const derive = { system: 'Be brief.', parameters: { num_ctx: 512 } };

describe('a derived name', () => {
  test('is created from its base with just what the recipe says', async () => {
    const world = memoryWorld();
    await bringAll(world, { derive });
    const sent = world.fake.log.find(({ path }) => path === '/api/create');
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'contract-model:latest',
      from: 'tiny:v1',
      system: 'Be brief.',
      parameters: { num_ctx: 512 },
      stream: true,
    });
  });

  test('is not created from a base that is gone or another: the engine would pull one', async () => {
    const world = memoryWorld();
    const [pull, create] = buildsOf(world, { derive });
    if (pull === undefined || create === undefined) throw new Error('two builds');
    expect(await act(world, create)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/changed-meanwhile' },
    });
    world.fake.registry.publish('library/tiny:v1', { weights: 'other' });
    await world.fake.foreign.pull('tiny:v1');
    expect(await act(world, create)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/changed-meanwhile' },
    });
    expect(asked(world)).not.toContain('POST /api/create');
  });

  test.each([
    ['cut off before it said so', { kind: 'cut', afterLines: 3 }],
    ['never heard of', { kind: 'mute' }],
    ['without a word of success', { kind: 'omit', text: '"success"' }],
  ] as const)('counts as made when it is there, though the answer was %s', async (_, fault) => {
    const world = memoryWorld();
    world.fake.faults.add({ on: 'POST /api/create', fault });
    const [, made] = await bringAll(world, { derive });
    const right = fault.kind === 'cut' ? ['created', 'failed'] : ['created'];
    expect(right).toContain(made?.outcome);
    const again = buildsOf(world, { derive }).at(-1);
    expect(again && (await act(world, again))).toMatchObject({
      outcome: made?.outcome === 'created' ? 'unchanged' : 'created',
    });
  });

  test('that somebody else copies another name over is not taken for what was made', async () => {
    const world = memoryWorld();
    const { digest } = (await bringAll(world, {}))[0] ?? {};
    const [name, base] = [parse('contract-model'), parse('tiny:v1')];
    world.fake.faults.add({
      on: 'GET /api/tags',
      skip: 2,
      fault: {
        kind: 'before',
        act: () => {
          const raw = base && world.fake.store.find(base)?.raw;
          if (name !== null && raw) world.fake.store.write(name, raw);
        },
      },
    });
    const create = buildsOf(world, { derive }).at(-1);
    expect(create && (await act(world, create))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/changed-meanwhile' },
    });
    expect(onDisk(world)['contract-model/latest']).toBe(digest);
  });

  test('that somebody else made with other settings is left alone', async () => {
    const world = memoryWorld();
    await bringAll(world, { derive: { system: 'Be long.' } });
    const before = onDisk(world);
    const create = buildsOf(world, { derive }).at(-1);
    expect(create && (await act(world, create))).toMatchObject({
      problem: { code: 'backend/changed-meanwhile' },
    });
    expect(onDisk(world)).toEqual(before);
  });

  test('says why the engine did not take it', async () => {
    const world = memoryWorld();
    const results = await bringAll(world, { derive: { template: '{{ .Prompt' } });
    expect(results.at(-1)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/bad-template', retry: 'never' },
    });
    expect(Object.keys(onDisk(world))).toEqual(['tiny/v1']);
  });

  test('gets its adapter from the source that was locked for it, under a plain name', async () => {
    const world = memoryWorld();
    const bytes = importedSubject('an adapter', 8).bytes;
    const digest = sha256(bytes) as `sha256:${string}`;
    const adapter = { path: 'file://./adapters/lora.gguf', digest, bytes: bytes.length };
    world.io.files.put('/files/lora.gguf', bytes);
    const obtained: unknown[] = [];
    const obtain: typeof world.obtain = async (artifact, file, onBytes) => {
      obtained.push({ source: artifact.source, ...file });
      return world.obtain(artifact, file, onBytes);
    };
    const results = await bringAll({ ...world, obtain }, { derive: { adapters: [adapter] } });
    expect(results.at(-1)?.problem).toBeUndefined();
    expect(obtained).toContainEqual({
      source: adapter.path,
      path: 'lora.gguf',
      digest,
      bytes: bytes.length,
    });
    expect(results.at(-1)?.details?.recipe.adapters?.map((one) => one.digest)).toEqual([digest]);
    const sent = world.fake.log.find(({ path }) => path === '/api/create');
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({ adapters: { 'lora.gguf': digest } });
  });
});

describe('an imported file', () => {
  test('is sent with its length, once', async () => {
    const world = importWorld();
    const [first] = buildsOf(world, {});
    const told: number[] = [];
    const made = first && (await act(world, first, { onBytes: (bytes) => void told.push(bytes) }));
    expect(made).toMatchObject({
      outcome: 'created',
      details: { weights: expect.stringMatching(/^sha256:/) as string },
    });
    expect(made?.details?.weights).not.toBe(world.first.artifact.weights);
    const length = world.first.artifact.files[0]?.bytes ?? 0;
    expect(told.at(-1)).toBe(length);
    const upload = world.fake.log.find(
      ({ method, path }) => method === 'POST' && path.startsWith('/api/blobs/'),
    );
    expect(upload?.headers['content-length']).toBe(String(length));
    world.fake.log.length = 0;
    await bringAll(world, { servedName: 'contract-other' });
    expect(asked(world)).not.toContain('POST /api/blobs/sha256:…');
  });

  test('is sent without what stands beside it and is not GGUF', async () => {
    const world = importWorld();
    const [first] = buildsOf(world, {});
    if (first?.kind !== 'create') throw new Error('one build');
    const { artifact } = first;
    const licence = { path: 'LICENSE', bytes: 1, digest: sha256('l') as Digest };
    const more = { ...artifact, files: [licence, ...artifact.files] };
    expect(await act(world, { ...first, artifact: more })).toMatchObject({ outcome: 'created' });
    const created = world.fake.log.find(({ path }) => path === '/api/create');
    expect(JSON.parse(created?.body ?? '')).toMatchObject({
      files: { 'model-1.gguf': artifact.weights },
    });
    expect(asked(world).filter((line) => line.includes(licence.digest))).toEqual([]);
  });

  test('is fetched only when the engine does not have it', async () => {
    const world = importWorld();
    const fetched: string[] = [];
    const obtain: typeof world.obtain = async (_artifact, file) => {
      fetched.push(file.path);
      return { path: `/files/${file.path}`, downloadedBytes: file.bytes, isUnchanging: false };
    };
    const [first] = buildsOf(world, {});
    const [second] = buildsOf(world, { servedName: 'contract-other' });
    const length = world.first.artifact.files[0]?.bytes;
    expect(first && (await act(world, first, { obtain }))).toMatchObject({
      downloadedBytes: length,
    });
    expect(second && (await act(world, second, { obtain }))).toMatchObject({ downloadedBytes: 0 });
    expect(fetched).toEqual(['model-1.gguf']);
  });

  test('that is not what its digest says is refused by the engine', async () => {
    const world = importWorld();
    world.io.files.put('/files/model-1.gguf', 'something else');
    expect((await bringAll(world, {}))[0]).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/digest-mismatch', retry: 'later' },
    });
    expect(onDisk(world)).toEqual({});
  });

  test('that is no model is said to be none', async () => {
    const world = importWorld();
    const bytes = new TextEncoder().encode('no model at all');
    world.io.files.put('/files/model.gguf', bytes);
    const file = {
      path: 'model.gguf',
      bytes: bytes.length,
      digest: sha256(bytes) as `sha256:${string}`,
    };
    const artifact = {
      ...world.first.artifact,
      files: [file],
      weights: file.digest,
      revision: file.digest,
    };
    const results = await bringAll(world, {}, { ...world.first, artifact });
    expect(results[0]).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/unsupported-model', retry: 'never' },
    });
  });

  test('fails readably when the engine has no room for it', async () => {
    const world = memoryWorld({ diskBytes: 1000 });
    const subject = importedSubject('too large', 9);
    world.io.files.put('/files/model-9.gguf', subject.bytes);
    expect((await bringAll(world, {}, subject))[0]).toMatchObject({
      problem: { code: 'backend/disk-full', retry: 'later' },
    });
  });

  test('whose import was cut off is not trusted, and made again', async () => {
    const world = importWorld();
    world.fake.faults.add({ on: 'POST /api/create', fault: { kind: 'omit', text: '"success"' } });
    expect((await bringAll(world, {}))[0]).toMatchObject({ outcome: 'failed' });
    expect(onDisk(world)).toEqual({});
    expect((await bringAll(world, {}))[0]).toMatchObject({ outcome: 'created' });
  });
});

describe('an alias', () => {
  const request = { servedName: 'contract-a' };

  test('costs a copy and no bytes', async () => {
    const world = memoryWorld();
    const results = await bringAll(world, request);
    expect(results[1]).toMatchObject({
      outcome: 'created',
      digest: world.first.artifact.revision,
      downloadedBytes: 0,
    });
    expect(asked(world).filter((one) => one === 'POST /api/copy')).toHaveLength(1);
  });

  test('is made of the content that was planned, or not at all', async () => {
    const world = memoryWorld();
    world.fake.registry.publish('library/tiny:v1', { weights: 'theirs' });
    await world.fake.foreign.pull('tiny:v1');
    const create = buildsOf(world, request).at(-1);
    expect(create && (await act(world, create))).toMatchObject({
      problem: { code: 'backend/changed-meanwhile' },
    });
  });

  test('counts as made when it is there, though nobody heard of it', async () => {
    const world = memoryWorld();
    world.fake.faults.add({ on: 'POST /api/copy', fault: { kind: 'mute' } });
    expect((await bringAll(world, request))[1]).toMatchObject({ outcome: 'created' });
  });

  test('of a derived name follows it without knowing its digest', async () => {
    const world = memoryWorld();
    const results = await bringAll(world, { derive, aliases: ['contract-b'] });
    expect(results[2]?.digest).toBe(results[1]?.digest);
    const again = buildsOf(world, { derive, aliases: ['contract-b'] }).at(-1) as CreateAction;
    expect(await act(world, again)).toMatchObject({ outcome: 'unchanged' });
  });
});
