// What takes a fake to show: models at work or asleep, full servers, servers of another kind.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { flagProblems } from '../../../src/backends/llama-server/flags.ts';
import { createLlamaServer } from '../../../src/backends/llama-server/index.ts';
import { optionNames } from '../../fakes/llama-server/option-names.ts';
import { type FakeServer, startFake } from '../../fakes/llama-server/server.ts';
import { bring, contextOf, run } from '../bench.ts';
import { actionBase, loadAction, look, request } from '../requests.ts';
import { createWorld, referenceTo, type World } from './worlds.ts';

const open: World[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.cleanUp();
});

async function world(
  ...flags: readonly string[]
): Promise<World & { readonly server: FakeServer }> {
  const started: FakeServer[] = [];
  const made = await createWorld(async (preset, more) => {
    const server = await startFake(preset, more);
    started.push(server);
    return server;
  }, flags);
  open.push(made);
  const [server] = started;
  if (server === undefined) throw new Error('no server was started');
  return { ...made, server };
}

const nothing = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };

test('what answers a request is neither replaced, unloaded nor given another alias', async () => {
  const one = await world();
  const asked = request(one, one.first, { servedName: 'chat', residency: 'loaded' });
  await bring(one, asked, one.first);
  await run(one, [loadAction(one.backend, asked)]);
  one.server.setBusy('chat', 1);
  const { placements } = await look(one, asked, one.first.artifact);
  expect(placements.get('chat')?.loaded?.inUse).toBe(true);
  const { digest } = placements.get('chat') ?? {};
  const shared = { artifact: one.second.artifact, digest: null, replaces: digest ?? null };
  const pull = { ...actionBase(one.backend, 'pull', 'chat'), kind: 'pull', ...shared } as const;
  const unload = { ...actionBase(one.backend, 'unload', 'chat'), kind: 'unload' } as const;
  const build = { kind: 'alias', of: 'chat' } as const;
  const create = {
    ...actionBase(one.backend, 'create', 'other'),
    kind: 'create',
    ...shared,
    build,
  } as const;
  for (const action of [pull, unload, { ...create, replaces: null }]) {
    const [result] = await run(one, [action]);
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/in-use', retry: 'later' },
    });
  }
  expect(one.server.models.find('chat')?.state).toBe('loaded');
  one.server.setBusy('chat', 0);
  expect(await run(one, [{ ...create, replaces: null }])).toMatchObject([{ outcome: 'created' }]);
  expect(one.server.models.find('other')).toMatchObject({ id: 'chat', state: 'loaded' });
});

test('what sleeps is not woken by a look, and counts as loaded', async () => {
  const one = await world();
  const asked = request(one, one.first, { servedName: 'chat', runtime: { keepAliveMs: 5_000 } });
  await bring(one, asked, one.first);
  await run(one, [{ ...loadAction(one.backend, asked) }]);
  one.server.setSleeping('chat');
  const { placements } = await look(one, asked, one.first.artifact);
  expect(placements.get('chat')?.loaded).toMatchObject({ memoryBytes: 0, inUse: false });
  expect(one.server.models.find('chat')?.state).toBe('sleeping');
});

test('a server with all its places taken says so, and it is worth trying again', async () => {
  const one = await world('--models-max', '1');
  for (const [servedName, subject] of [
    ['busy', one.first],
    ['late', one.second],
  ] as const) {
    const asked = request(one, subject, { servedName, residency: 'loaded' });
    await bring(one, asked, subject);
    const [result] = await run(one, [loadAction(one.backend, asked)]);
    if (servedName === 'busy') one.server.setBusy('busy', 1);
    else expect(result?.problem).toMatchObject({ code: 'backend/no-slot', retry: 'later' });
  }
  const observation = await one.backend.observe(nothing, contextOf(one));
  expect(observation).toMatchObject({ kind: 'reachable', slots: 1 });
});

test('a load that somebody ends is told, and one that crashes is seen as not loaded', async () => {
  const one = await world('--fake-load-ms', '400');
  const asked = request(one, one.first, { servedName: 'chat', residency: 'loaded' });
  await bring(one, asked, one.first);
  const loading = run(one, [loadAction(one.backend, asked)]);
  await expect.poll(() => one.server.models.find('chat')?.state).toBe('loading');
  one.server.models.unload('chat');
  expect(await loading).toMatchObject([{ problem: { code: 'backend/unloaded-meanwhile' } }]);
  expect(await run(one, [loadAction(one.backend, asked)])).toMatchObject([{ outcome: 'loaded' }]);
  one.server.models.crash('chat', -9);
  expect((await look(one, asked, one.first.artifact)).placements.get('chat')?.loaded).toBeNull();
});

test('a server without the slots endpoint cannot tell what is in use', async () => {
  const one = await world('--no-slots');
  const asked = request(one, one.first, { servedName: 'chat', residency: 'loaded' });
  await bring(one, asked, one.first);
  await run(one, [loadAction(one.backend, asked)]);
  const { placements } = await look(one, asked, one.first.artifact);
  expect(placements.get('chat')?.loaded?.inUse).toBe('unknown');
});

test('a server of one model is told from a router, and left alone', async () => {
  const one = await world('--model', '/srv/one.gguf', '--alias', 'one');
  const observation = await one.backend.observe(nothing, contextOf(one));
  expect(observation).toMatchObject({
    kind: 'unreachable',
    problem: {
      code: 'backend/single-model',
      detail: expect.stringContaining('only through its service') as string,
    },
  });
  const asked = request(one, one.first, { servedName: 'chat', residency: 'loaded' });
  const [result] = await run(one, [loadAction(one.backend, asked)]);
  expect(result?.problem).toMatchObject({ code: 'backend/single-model' });
  expect(one.server.requests.every((line) => line === 'GET /props')).toBe(true);
});

test('a router that was started with other presets is found out, and says how to start it', async () => {
  const one = await world();
  const elsewhere = join(one.home.folder, 'other.ini');
  await writeFile(elsewhere, '');
  const other = await startFake(elsewhere);
  try {
    const backend = createLlamaServer(referenceTo(other.url, one.store));
    const asked = request(one, one.first, { servedName: 'chat' });
    const bench = { ...one, backend };
    const artifact = one.first.artifact;
    const base = { ...actionBase(backend, 'pull', 'chat'), kind: 'pull' } as const;
    const [result] = await run(bench, [{ ...base, artifact, digest: null, replaces: null }]);
    expect(result?.problem).toMatchObject({ code: 'backend/preset-not-read' });
    expect(result?.problem?.remedy).toContain(`--models-preset ${one.preset}`);
    expect((await look(bench, asked, artifact)).placements.get('chat')?.served).toBe(false);
  } finally {
    await other.stop();
  }
});

test('a server elsewhere needs a folder that both see', async () => {
  const one = await world();
  const backend = createLlamaServer(referenceTo('http://gpu-1:8080', null));
  const observation = await backend.observe(nothing, contextOf(one));
  expect(observation).toMatchObject({ problem: { code: 'backend/no-shared-folder' } });
});

test('options that a file sets for all models are told, with the file', async () => {
  const one = await world();
  const asked = request(one, one.first, { servedName: 'chat' });
  await bring(one, asked, one.first);
  const path = join(one.home.folder, 'llama.cpp', 'config.ini');
  await one.io.files.writeAtomic(path, '; mine\nthreads = 2\n[*]\nctx-size = 64\n');
  const { environment } = one.io;
  const get = (name: string): string | undefined =>
    name === 'XDG_CONFIG_HOME' ? one.home.folder : environment.get(name);
  const io = { ...one.io, environment: { ...environment, get } };
  const { warnings } = await look({ backend: one.backend, io }, asked, one.first.artifact);
  expect(warnings?.map(({ code, detail }) => [code, detail])).toEqual([
    ['backend/set-elsewhere', expect.stringContaining(`${path} sets threads, ctx-size`)],
  ]);
});

test('every flag that a Model may set is one of the server, by the name that it tells', () => {
  const told = new Set(optionNames.values());
  const problems = (name: string): readonly string[] => {
    const values = [true, 1].map((value) => flagProblems({ [name]: value }, new Set()));
    return values.some((one) => one.length === 0) ? [name] : [];
  };
  const taken = [...told].flatMap(problems);
  expect(taken.length).toBeGreaterThan(90);
  const known = new Set(optionNames.keys());
  for (const name of known) if (!told.has(name)) expect(problems(name)).toEqual([]);
});
