import { describe, expect, test } from 'vitest';
import { act, asked, onDisk, pullOf } from './acts.ts';
import { importedSubject, memoryWorld } from './worlds.ts';

const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((sum, file) => sum + file.bytes, 0);

describe('a pull', () => {
  test('ends with the locked content and counts what came', async () => {
    const world = memoryWorld({ stepDelayMs: 100 });
    const told: number[] = [];
    const result = await act(world, pullOf(world, world.first), {
      onBytes: (bytes) => void told.push(bytes),
    });
    const total = bytesOf(world.first.artifact.files);
    expect(result).toMatchObject({ outcome: 'pulled', digest: world.first.artifact.revision });
    expect(told.length).toBeGreaterThan(3);
    expect(told.at(-1)).toBe(total);
    // Layers that arrive between two ticks of the engine are counted at the end.
    expect(result.downloadedBytes).toBeGreaterThan(total / 2);
  });

  test('counts nothing that was there already', async () => {
    const world = memoryWorld();
    await world.fake.foreign.pull('tiny:v1');
    world.fake.store.remove({
      host: 'registry.ollama.ai',
      namespace: 'library',
      model: 'tiny',
      tag: 'v1',
    });
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'pulled',
      downloadedBytes: 0,
    });
  });

  test('spells the tag as its source does, and asks for plain http on loopback only', async () => {
    const world = memoryWorld();
    const published = world.fake.registry.publish('Acme/Tiny:Q4_K_M', { weights: 'x' });
    for (const [host, name, insecure] of [
      ['hf.co', 'hf.co/acme/tiny:q4_k_m', undefined],
      ['localhost:5001', 'localhost:5001/acme/tiny:q4_k_m', true],
    ] as const) {
      const artifact = published.artifact(host);
      const result = await act(world, { ...pullOf(world, { ...world.first, artifact }), name });
      expect(result.outcome).toBe('pulled');
      const sent = world.fake.log.filter(({ path }) => path === '/api/pull').at(-1);
      expect(JSON.parse(sent?.body ?? '')).toEqual({
        model: `${host}/Acme/Tiny:Q4_K_M`,
        stream: true,
        ...(insecure && { insecure }),
      });
    }
  });

  test.each([
    [
      'an error inside the stream',
      { kind: 'error-line', afterLines: 1, text: 'max retries exceeded: EOF' },
      'backend/registry-unreachable',
      'later',
    ],
    [
      'a full disk',
      { kind: 'error-line', afterLines: 2, text: 'write x: no space left on device' },
      'backend/disk-full',
      'later',
    ],
    ['a cut stream', { kind: 'cut', afterLines: 2 }, 'backend/connection-lost', 'later'],
    ['silence', { kind: 'stall', afterLines: 2 }, 'backend/stalled', 'later'],
    [
      'a line that is no JSON',
      { kind: 'answer', status: 200, body: '{"status":"pulling manifest"}\n<html>\n' },
      'backend/not-ollama',
      'later',
    ],
    [
      'a busy engine',
      {
        kind: 'answer',
        status: 503,
        body: '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
      },
      'backend/busy',
      'later',
    ],
  ] as const)('that ends in %s is a failure that leaves nothing', async (_, fault, code, retry) => {
    const world = memoryWorld({ stepDelayMs: 100 });
    world.fake.faults.add({ on: 'POST /api/pull', fault });
    const result = await act(world, pullOf(world, world.first));
    expect(result).toMatchObject({ outcome: 'failed', digest: null, problem: { code, retry } });
    expect(onDisk(world)).toEqual({});
    expect(await act(world, pullOf(world, world.first))).toMatchObject({ outcome: 'pulled' });
  });

  test.each([
    ['a registry without the tag', { status: 404, body: '' }, 'backend/tag-not-found', 'never'],
    [
      'an engine that is too old',
      { status: 412, body: 'requires a newer version of Ollama' },
      'backend/engine-too-old',
      'never',
    ],
    ['a registry that refuses', { status: 401, body: '' }, 'backend/registry-denied', 'never'],
    [
      'a quantization that is not there',
      { status: 400, body: 'The specified tag is not available in the repository.' },
      'backend/tag-not-found',
      'never',
    ],
    [
      'a registry that is overrun',
      { status: 429, body: 'slow down' },
      'backend/registry-unreachable',
      'later',
    ],
  ] as const)('from %s says so', async (_, fault, code, retry) => {
    const world = memoryWorld();
    world.fake.registry.manifestFault = fault;
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'failed',
      problem: { code, retry },
    });
  });

  test('is judged by what is there, not by what the stream said', async () => {
    const world = memoryWorld();
    world.fake.faults.add({ on: 'POST /api/pull', fault: { kind: 'omit', text: '"success"' } });
    expect(await act(world, pullOf(world, world.first))).toMatchObject({ outcome: 'pulled' });
    const other = memoryWorld();
    const lies = '{"status":"pulling manifest"}\n{"status":"success"}\n';
    other.fake.faults.add({
      on: 'POST /api/pull',
      fault: { kind: 'answer', status: 200, body: lies },
    });
    expect(await act(other, pullOf(other, other.first))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/not-there' },
    });
  });

  test('that is interrupted closes the connection and leaves nothing', async () => {
    const world = memoryWorld({ stepDelayMs: 100 });
    const stop = new AbortController();
    const result = await act(world, pullOf(world, world.first), {
      signal: stop.signal,
      onBytes: () => stop.abort(new Error('^C')),
    });
    expect(result).toMatchObject({ outcome: 'unknown', problem: { code: 'backend/interrupted' } });
    await world.io.clock.sleep(60_000);
    expect(onDisk(world)).toEqual({});
  });

  test('goes on where an earlier one was cut off', async () => {
    const world = memoryWorld({ stepDelayMs: 100, steps: 10 });
    world.fake.faults.add({ on: 'POST /api/pull', fault: { kind: 'cut', afterLines: 6 } });
    await act(world, pullOf(world, world.first));
    const result = await act(world, pullOf(world, world.first));
    const weights = world.first.artifact.weights;
    expect(world.fake.registry.served.get(weights)).toBe(world.first.artifact.files[0]?.bytes);
    expect(result.downloadedBytes).toBeLessThan(bytesOf(world.first.artifact.files));
  });

  test('survives a restart of the engine with the next run', async () => {
    const world = memoryWorld({ stepDelayMs: 100 });
    world.fake.faults.add({ on: 'GET /api/tags', skip: 1, fault: { kind: 'delay', ms: 5_000 } });
    let lines = 0;
    const onBytes = (): void => {
      lines += 1;
      if (lines === 2) world.fake.restart();
    };
    expect(await act(world, pullOf(world, world.first), { onBytes })).toMatchObject({
      outcome: 'failed',
    });
    expect(await act(world, pullOf(world, world.first))).toMatchObject({ outcome: 'pulled' });
  });

  test('takes three requests when nothing is in its way', async () => {
    const world = memoryWorld();
    await act(world, pullOf(world, world.first));
    expect(asked(world)).toEqual(['GET /api/tags', 'POST /api/pull', 'GET /api/tags']);
  });
});

describe('a tag that moved after it was locked', () => {
  test('is removed again where nothing was', async () => {
    const world = memoryWorld();
    world.fake.registry.publish('library/tiny:v1', { weights: 'moved' });
    const result = await act(world, pullOf(world, world.first));
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/upstream-moved', retry: 'never' },
    });
    expect(onDisk(world)).toEqual({});
  });

  test('leaves what was there before, and no copy', async () => {
    const world = memoryWorld();
    await act(world, pullOf(world, world.first));
    const before = onDisk(world);
    const next = world.fake.registry.publish('library/tiny:v1', { weights: 'next' }).artifact();
    world.fake.registry.publish('library/tiny:v1', { weights: 'moved again' });
    const update = {
      ...pullOf(world, { ...world.first, artifact: next }),
      replaces: world.first.artifact.revision,
    };
    const result = await act(world, update);
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/upstream-moved' },
    });
    expect(onDisk(world)).toEqual(before);
    const blobs = world.first.artifact.files.map((file) => file.digest);
    expect(blobs.every((digest) => world.fake.store.blobs.has(digest))).toBe(true);
  });

  test('is not downloaded when it is large: the first foreign layer ends it', async () => {
    const world = memoryWorld({ stepDelayMs: 100, steps: 100 });
    const moved = world.fake.registry.publish('library/tiny:v1', {
      weights: { bytes: 40e9, seed: 'moved' },
    });
    const result = await act(world, pullOf(world, world.first));
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/upstream-moved', retry: 'never' },
    });
    const weights = moved.artifact().weights;
    expect(world.fake.registry.served.get(weights)).toBeLessThan(5e9);
    expect(onDisk(world)).toEqual({});
  });
});

test('files are not pulled, whatever kind of action asks for them', async () => {
  const world = memoryWorld();
  const subject = importedSubject('imported by hand', 7);
  world.io.files.put('/files/model-7.gguf', subject.bytes);
  const pull = { ...pullOf(world, subject), name: 'imported:latest', digest: null };
  expect(await act(world, pull)).toMatchObject({ outcome: 'created' });
  expect(asked(world)).not.toContain('POST /api/pull');
});
