import { describe, expect, test } from 'vitest';
import type { Question } from '../../../src/backends/backend.ts';
import type { BackendReference } from '../../../src/core/backend-reference.ts';
import type { BackendObservation } from '../../../src/core/observed.ts';
import type { Fault } from '../../fakes/ollama/faults.ts';
import { fill } from '../../fakes/ollama-server.ts';
import { act, asked, bringAll, loadOf, pullOf, tiny } from './acts.ts';
import { endpoint, memoryWorld, type OllamaWorld } from './worlds.ts';

const nothing: Question = { detailsOf: new Set(), remembered: new Map(), wanted: new Map() };

const see = async (
  world: OllamaWorld,
  question: Partial<Question> = {},
): Promise<BackendObservation> =>
  world.backend.observe(
    { ...nothing, ...question },
    { io: world.io, signal: new AbortController().signal },
  );

const reachable = async (world: OllamaWorld, question: Partial<Question> = {}) => {
  const seen = await see(world, question);
  if (seen.kind === 'unreachable') throw new Error(seen.problem.detail);
  return seen;
};

const page = {
  kind: 'answer',
  status: 200,
  body: '<!doctype html><p>hi',
  type: 'text/html',
} as const;
const answer = (status: number, body = ''): Fault => ({ kind: 'answer', status, body });
const alter = (from: RegExp, to: string): Fault => ({
  kind: 'alter',
  change: (body) => body.replace(from, to),
});

describe('an Ollama', () => {
  test('is asked three things however many models it has', async () => {
    const world = memoryWorld();
    await fill(world.fake, 500);
    world.fake.log.length = 0;
    const seen = await reachable(world);
    expect(seen.placements.size).toBe(500);
    expect(asked(world).toSorted()).toEqual(['GET /api/ps', 'GET /api/tags', 'GET /api/version']);
  });

  test('that holds nothing is reachable', async () => {
    expect(await reachable(memoryWorld())).toMatchObject({
      version: '0.32.15',
      placements: new Map(),
      disk: { kind: 'unknown' },
    });
  });

  test.each<readonly [string, string, Fault, string]>([
    ['refuses connections', 'GET /api/version', { kind: 'refuse' }, 'backend/unreachable'],
    ['hangs', 'GET /api/version', { kind: 'hang' }, 'backend/unreachable'],
    ['hangs on its list', 'GET /api/tags', { kind: 'hang' }, 'backend/unreachable'],
    ['cuts the answer off', 'GET /api/ps', { kind: 'mute' }, 'backend/connection-lost'],
    ['is broken', 'GET /api/tags', answer(500, '{"error":"x"}'), 'backend/engine-failed'],
    ['answers nonsense', 'GET /api/tags', answer(200, '{"models":['), 'backend/malformed-answer'],
    ['answers a page', 'GET /api/tags', page, 'backend/not-ollama'],
    ['is a redirect', 'GET /api/version', answer(302), 'backend/not-ollama'],
    ['is something else', 'GET /api/version', answer(200, '{}'), 'backend/malformed-answer'],
    ['wants a token', 'GET /api/version', answer(401), 'backend/unauthorized'],
    [
      'lists a model without a digest',
      'GET /api/tags',
      alter(/"digest":"[0-9a-f]+"/, '"other":1'),
      'backend/malformed-answer',
    ],
    [
      'lists a digest that is none',
      'GET /api/tags',
      alter(/"digest":"[0-9a-f]+"/, '"digest":"abc"'),
      'backend/malformed-answer',
    ],
    ['lists no models field', 'GET /api/tags', answer(200, '{}'), 'backend/malformed-answer'],
  ])('that %s is not reachable, which is not empty', async (_, on, fault, code) => {
    const world = memoryWorld();
    await act(world, pullOf(world, world.first));
    world.fake.faults.add({ on, fault });
    const seen = await see(world);
    expect(seen).toMatchObject({ kind: 'unreachable', problem: { code, retry: 'later' } });
    expect(seen.kind === 'unreachable' && seen.problem.remedy).toBeTruthy();
    expect((await see(world)).kind).toBe('reachable');
  });

  test('that lists a name twice is not trusted', async () => {
    const world = memoryWorld();
    await act(world, pullOf(world, world.first));
    const twice = (body: string): string =>
      body.replace(/\[(.*)\]/s, (_, one: string) => `[${one},${one}]`);
    world.fake.faults.add({ on: 'GET /api/tags', fault: { kind: 'alter', change: twice } });
    expect(await see(world)).toMatchObject({
      kind: 'unreachable',
      problem: { code: 'backend/malformed-answer' },
    });
  });

  test('that hangs costs three seconds', async () => {
    const world = memoryWorld();
    const before = world.io.clock.now();
    world.fake.faults.add({ on: /./, fault: { kind: 'hang' }, times: Number.POSITIVE_INFINITY });
    await see(world);
    expect(world.io.clock.now() - before).toBeLessThanOrEqual(3_000);
  });

  test('behind a proxy that keeps the Host header says what to change', async () => {
    const world = memoryWorld({ boundToLoopback: true });
    const http = world.io.http;
    const proxied = {
      request: (one: Parameters<typeof http.request>[0]) =>
        http.request({ ...one, headers: { ...one.headers, host: 'models.example.com' } }),
    };
    const seen = await see({ ...world, io: { ...world.io, http: proxied } });
    expect(seen).toMatchObject({ kind: 'unreachable', problem: { code: 'backend/host-refused' } });
    expect((await see(world)).kind).toBe('reachable');
  });

  test('of any age is read by what it tells, not by its version', async () => {
    for (const version of ['0.0.0', '0.1.30', '0.33.0-rc2']) {
      const world = memoryWorld({ version });
      await act(world, pullOf(world, world.first));
      world.fake.faults.add({ on: 'GET /api/ps', fault: alter(/,"context_length":\d+/, '') });
      expect(await reachable(world)).toMatchObject({ version });
    }
  });
});

describe('details', () => {
  test('are asked for once per content, and never for what is remembered', async () => {
    const world = memoryWorld();
    await bringAll(world, { derive: { system: 'x' }, aliases: ['contract-b', 'contract-c'] });
    const detailsOf = new Set([
      'contract-model:latest',
      'contract-b:latest',
      'contract-c:latest',
      tiny,
      'absent:latest',
    ]);
    world.fake.log.length = 0;
    const { learned } = await reachable(world, { detailsOf });
    expect(asked(world).filter((one) => one === 'POST /api/show')).toHaveLength(2);
    world.fake.log.length = 0;
    const again = await reachable(world, { detailsOf, remembered: learned });
    expect(asked(world)).toHaveLength(3);
    expect(again.placements.get('contract-b:latest')?.details?.recipe.system).toBe('x');
  });

  test('that the engine cannot show leave one model unknown, and no other', async () => {
    const world = memoryWorld();
    await act(world, pullOf(world, world.first));
    await act(world, pullOf(world, world.second));
    world.fake.faults.add({
      on: 'POST /api/show',
      fault: answer(500, '{"error":"unexpected EOF in manifest"}'),
    });
    const { placements, learned } = await reachable(world, {
      detailsOf: new Set([tiny, 'tiny:v2']),
    });
    expect(placements.size).toBe(2);
    expect(learned.size).toBe(1);
  });
});

test('blobs are asked for only where something wanted is missing or another', async () => {
  const world = memoryWorld();
  await act(world, pullOf(world, world.first));
  const { artifact } = world.first;
  const wanted = (digest: typeof artifact.revision | null) =>
    new Map([[tiny, { artifact, digest }]]);
  world.fake.log.length = 0;
  expect((await reachable(world, { wanted: wanted(artifact.revision) })).presentBlobs.size).toBe(0);
  expect((await reachable(world, { wanted: wanted(null) })).presentBlobs.size).toBe(0);
  expect(asked(world)).toHaveLength(6);
  const absent = new Map([['other:latest', { artifact, digest: artifact.revision }]]);
  const seen = await reachable(world, { wanted: absent });
  expect([...seen.presentBlobs].toSorted()).toEqual(
    artifact.files.map((file) => file.digest).toSorted(),
  );
});

describe('what is loaded', () => {
  const loadedOf = (seen: BackendObservation, name: string) =>
    seen.kind === 'reachable' ? seen.placements.get(name)?.loaded : undefined;

  test('is found under every name of its content, with what the engine tells', async () => {
    const world = memoryWorld();
    await bringAll(world, { servedName: 'contract-a' });
    await act(world, loadOf(world, { servedName: 'contract-a' }));
    const seen = await reachable(world);
    const state = {
      expiresAt: 'never',
      load: { contextLength: 2048 },
      vramBytes: 0,
      inUse: 'unknown',
    };
    expect(loadedOf(seen, tiny)).toMatchObject(state);
    expect(loadedOf(seen, 'contract-a:latest')).toMatchObject(state);
  });

  test('is found under names with the same weights, unless they ask for another context', async () => {
    const world = memoryWorld();
    const plain = { derive: { system: 'x' } };
    const wide = { servedName: 'contract-wide', derive: { parameters: { num_ctx: 512 } } };
    await bringAll(world, plain);
    await bringAll(world, wide);
    await act(world, loadOf(world));
    const wanted = new Map([
      [tiny, { artifact: world.first.artifact, digest: world.first.artifact.revision }],
    ]);
    const seen = await reachable(world, {
      wanted,
      detailsOf: new Set(['contract-model:latest', 'contract-wide:latest']),
    });
    expect(loadedOf(seen, 'contract-model:latest')).not.toBeNull();
    expect(loadedOf(seen, 'contract-wide:latest')).toBeNull();
  });

  test('with more context than it was trained for counts as asked for', async () => {
    const world = memoryWorld();
    const wide = { derive: { parameters: { num_ctx: 1_000_000 } } };
    await bringAll(world, wide);
    await act(world, loadOf(world, wide));
    const detailsOf = new Set([tiny, 'contract-model:latest']);
    expect(loadedOf(await reachable(world, { detailsOf }), 'contract-model:latest')).toMatchObject({
      load: { contextLength: 2048 },
    });
  });

  test('past its time is in use, by the clock of the engine', async () => {
    const world = memoryWorld();
    await act(world, pullOf(world, world.first));
    await act(world, { ...loadOf(world), kind: 'load', load: { keepAliveMs: 600_000 } });
    const seen = await reachable(world);
    expect(loadedOf(seen, tiny)).toMatchObject({
      inUse: 'unknown',
      expiresAt: expect.any(Number) as number,
    });
    world.fake.faults.add({
      on: 'GET /api/ps',
      fault: alter(/"expires_at":"[^"]*"/, '"expires_at":"2001-01-01T00:00:00Z"'),
    });
    expect(loadedOf(await reachable(world), tiny)).toMatchObject({ inUse: true });
    // Its clock is an hour ahead: what it says is measured by that.
    const http = {
      request: async (one: Parameters<typeof world.io.http.request>[0]) => {
        const response = await world.io.http.request(one);
        return {
          ...response,
          headers: {
            ...response.headers,
            date: new Date(world.io.clock.now() + 3_600_000).toUTCString(),
          },
        };
      },
    };
    const ahead = await see({ ...world, io: { ...world.io, http } });
    expect(loadedOf(ahead, tiny)).toMatchObject({ inUse: true });
  });
});

test('disk is known only where the store is a folder of this machine', async () => {
  const known: Partial<BackendReference> = { store: '/srv/ollama/models' };
  const world = memoryWorld({}, known);
  world.io.files.setSpace({ freeBytes: 10, totalBytes: 20 });
  expect((await reachable(world)).disk).toEqual({ kind: 'known', freeBytes: 10, totalBytes: 20 });
  world.io.files.setSpace(null);
  expect((await reachable(world)).disk).toEqual({ kind: 'unknown' });
});

describe('a token', () => {
  const secret = 's3cr3t-token';

  test.each([[{ env: 'OLLAMA_TOKEN' }], [{ file: '/secrets/token' }]])(
    'is read from %j at each request and sent, and stands in no answer of ours',
    async (auth) => {
      const world = memoryWorld({}, { auth });
      world.io.variables['OLLAMA_TOKEN'] = secret;
      world.io.files.put('/secrets/token', `${secret}\n`);
      await act(world, pullOf(world, world.first));
      world.fake.faults.add({ on: 'GET /api/tags', fault: answer(500, '{"error":"x"}') });
      const seen = await see(world);
      expect(
        world.fake.log.every(({ headers }) => headers['authorization'] === `Bearer ${secret}`),
      ).toBe(true);
      const told = JSON.stringify([seen, world.backend.label, world.backend.id]);
      expect(told).not.toContain(secret);
      const inference = await world.backend.inference({
        io: world.io,
        signal: new AbortController().signal,
      });
      expect(inference).toEqual({ url: endpoint, headers: { Authorization: `Bearer ${secret}` } });
    },
  );

  test('that is not there makes the engine unreachable, and is named', async () => {
    const world = memoryWorld({}, { auth: { env: 'OLLAMA_TOKEN' } });
    expect(await see(world)).toMatchObject({
      kind: 'unreachable',
      problem: { code: 'backend/no-token' },
    });
    world.io.variables['OLLAMA_TOKEN'] = 'two\nlines';
    expect(JSON.stringify(await see(world))).not.toContain('two');
    expect(world.fake.log).toEqual([]);
  });
});

test('an interrupted look ends as such, not as an engine that is down', async () => {
  const world = memoryWorld();
  world.fake.faults.add({ on: /./, fault: { kind: 'hang' }, times: Number.POSITIVE_INFINITY });
  const stop = new AbortController();
  const looking = world.backend.observe(nothing, { io: world.io, signal: stop.signal });
  stop.abort(new Error('^C'));
  await expect(looking).rejects.toThrow('^C');
});
