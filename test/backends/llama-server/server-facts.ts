// What holds of modelctl and a llama-server together, beyond the contract of every backend: the same
// for the fake and for the real one.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../../src/backends/backend.ts';
import type { ObservedPlacement } from '../../../src/core/observed.ts';
import { tinyAdapter } from '../../fakes/tiny-adapter.ts';
import { ask, bring, contextOf, run, type Subject } from '../bench.ts';
import { actionBase, buildActions, loadAction, look, request, shapesOf } from '../requests.ts';
import { createWorld, type Start, type World } from './worlds.ts';

export function serverFacts(name: string, start: Start): void {
  describe(name, () => {
    const open: World[] = [];
    const world = async (...flags: readonly string[]): Promise<World> => {
      const made = await createWorld(start, flags);
      open.push(made);
      return made;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.cleanUp();
    });
    servingFacts(world);
    healingFacts(world);
    memoryFacts(world);
  });
}

type MakeWorld = (...flags: readonly string[]) => Promise<World>;

const asks = (world: World, more: Partial<ModelRequest> = {}): ModelRequest =>
  request(world, world.first, { servedName: 'chat', ...more });

const seen = async (
  world: World,
  asked: ModelRequest,
  subject: Subject = world.first,
): Promise<ReadonlyMap<string, ObservedPlacement>> =>
  (await look(world, asked, subject.artifact)).placements;

/** Everything that the planner would build, with the options that it would give. */
async function build(world: World, asked: ModelRequest, subject = world.first): Promise<void> {
  const there = await seen(world, asked, subject);
  const shapes = shapesOf(world.backend, asked);
  const all = buildActions(world.backend, asked, subject.artifact, { placements: new Map() });
  for (const action of all) {
    if (action.kind !== 'pull' && action.kind !== 'create') continue;
    const load = shapes.find((shape) => shape.name === action.name)?.load ?? {};
    const { keepAliveMs: _, ...client } = load;
    const replaces = there.get(action.name)?.digest ?? null;
    const [result] = await run(world, [{ ...action, replaces, load: client }]);
    expect(result?.problem).toBeUndefined();
  }
}

function servingFacts(world: MakeWorld): void {
  test.each(['qwen3:8b', 'org/model:UD-Q4_K_XL', 'x:Q4_K_M', 'a:b:c', 'plain'])(
    'serves %s under this very name',
    async (servedName) => {
      const one = await world();
      const asked = asks(one, { servedName });
      await bring(one, asked, one.first);
      expect((await seen(one, asked)).get(servedName)?.served).toBeUndefined();
      expect(await ask(one, servedName)).toContain(one.first.says);
    },
  );

  test('serves aliases of a model that is in memory, which stays there', async () => {
    const one = await world();
    await build(one, asks(one, { residency: 'loaded' }));
    const asked = asks(one, { residency: 'loaded', aliases: ['gpt-4o', 'org/x:y'] });
    await run(one, [loadAction(one.backend, asked)]);
    await build(one, asked);
    const placements = await seen(one, asked);
    expect(placements.get('chat')?.loaded).toMatchObject({ expiresAt: 'never', ownHold: true });
    expect(placements.get('org/x:y')?.loaded).toMatchObject({ ownHold: false });
    for (const name of ['gpt-4o', 'org/x:y'])
      expect(await ask(one, name)).toContain(one.first.says);
    const { digest } = placements.get('gpt-4o') ?? {};
    const evict = { ...actionBase(one.backend, 'evict', 'gpt-4o'), kind: 'evict' } as const;
    const [evicted] = await run(one, [{ ...evict, replaces: digest ?? 'sha256:' }]);
    expect(evicted).toMatchObject({ outcome: 'evicted' });
    const after = await seen(one, asked);
    expect([...after.keys()].toSorted()).toEqual(['chat', 'org/x:y']);
    expect(after.get('chat')?.loaded).not.toBeNull();
  });

  test('hands over templates, parameters and adapters', async () => {
    const one = await world();
    const bytes = tinyAdapter({ vocabulary: 264 });
    const adapter = await one.home.file(bytes);
    const [file] = adapter.files;
    const digest = file?.digest ?? 'sha256:';
    const adapters = [{ path: adapter.source, digest, bytes: bytes.length }];
    const template = "{% for m in messages %}{{ m['content'] }}; # {% endfor %}";
    const derive = { template, adapters, parameters: { temperature: 0.25, top_k: 7 } };
    const asked = asks(one, { derive, runtime: { contextLength: 512, parallel: 2 } });
    await build(one, asked);
    const text = await readFile(one.preset, 'utf8');
    expect(text).toMatch(/temperature = 0.25\ntop-k = 7\nctx-size = 1024\nparallel = 2/);
    expect(text).not.toContain('modelctl-base');
    const [result] = await run(one, [loadAction(one.backend, { ...asked, residency: 'loaded' })]);
    expect(result).toMatchObject({ outcome: 'loaded' });
    const found = (await seen(one, asked)).get('chat');
    expect(found?.details?.recipe).toMatchObject({ template, parameters: derive.parameters });
    expect(found?.loaded?.load).toMatchObject({ contextLength: 512, parallel: 2 });
  });

  test('keeps what others wrote into the preset file, and yields to their names', async () => {
    const one = await world();
    const theirs = '# by hand\r\n[mine]\nmodel = /nowhere.gguf ; a comment\nalias = taken\n';
    await writeFile(one.preset, theirs);
    await bring(one, asks(one), one.first);
    expect((await readFile(one.preset, 'utf8')).startsWith(theirs)).toBe(true);
    const asked = asks(one, { servedName: 'taken' });
    const [action] = buildActions(one.backend, asked, one.first.artifact, {
      placements: new Map(),
    });
    const [result] = action === undefined ? [] : await run(one, [action]);
    expect(result?.problem).toMatchObject({ code: 'backend/name-taken' });
    expect(await ask(one, 'chat')).toContain(one.first.says);
  });

  test('puts a preset file back that the server refuses, and goes on', async () => {
    const one = await world();
    await bring(one, asks(one), one.first);
    const before = await readFile(one.preset, 'utf8');
    const runtime = { flags: { 'no-such-flag': 1 } };
    const asked = request(one, one.second, { servedName: 'other' });
    const [action] = buildActions(one.backend, asked, one.second.artifact, {
      placements: new Map(),
    });
    if (action?.kind !== 'pull') throw new Error('nothing to pull');
    const [result] = await run(one, [{ ...action, load: runtime }]);
    expect(result?.problem).toMatchObject({ code: 'backend/preset-refused' });
    expect(result?.problem?.detail).toContain('no-such-flag');
    expect(await readFile(one.preset, 'utf8')).toBe(before);
    expect(await ask(one, 'chat')).toContain(one.first.says);
    expect((await seen(one, asked, one.second)).get('other')?.served).toBe(false);
    // What it refuses of one does not stand in the way of the others.
    await bring(one, asks(one, { servedName: 'third' }), one.first);
    expect(await ask(one, 'third')).toContain(one.first.says);
    expect(await readFile(one.preset, 'utf8')).not.toContain('no-such-flag');
  });
}

function healingFacts(world: MakeWorld): void {
  test.each<[string, (one: World) => Promise<void>]>([
    ['its preset file is gone', (one) => rm(one.preset)],
    ['a section was changed', (one) => rewrite(one.preset, /^ctx-size = .*$/m, 'ctx-size = 64')],
    ['a section was removed', (one) => rewrite(one.preset, /\[chat\][^[]*/, '')],
    ['its links are gone', (one) => rm(join(one.store, 'files'), { recursive: true })],
  ])('serves a name again after %s', async (_, damage) => {
    const one = await world();
    const asked = asks(one, { runtime: { contextLength: 512 } });
    await build(one, asked);
    await damage(one);
    expect((await seen(one, asked)).get('chat')?.served).toBe(false);
    await build(one, asked);
    expect((await seen(one, asked)).get('chat')?.served).toBeUndefined();
    expect(await ask(one, 'chat')).toContain(one.first.says);
  });

  test('removes the section that a cut off eviction left behind', async () => {
    const one = await world();
    const asked = asks(one);
    await bring(one, asked, one.first);
    const { digest } = (await seen(one, asked)).get('chat') ?? {};
    await rm(join(one.store, 'index.json'));
    await rm(join(one.store, 'oci-layout'));
    const left = (await seen(one, asked)).get('chat');
    expect(left).toMatchObject({ digest, served: false });
    const evict = { ...actionBase(one.backend, 'evict', 'chat'), kind: 'evict' } as const;
    const [result] = await run(one, [{ ...evict, replaces: digest ?? 'sha256:' }]);
    expect(result).toMatchObject({ outcome: 'evicted' });
    expect((await seen(one, asked)).size).toBe(0);
    expect(await readFile(one.preset, 'utf8')).not.toContain('[chat]');
  });

  test('says how to start a server that does not read its presets', async () => {
    const one = await world();
    await rm(one.preset);
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    const observation = await one.backend.observe(question, contextOf(one));
    expect(observation).toMatchObject({
      kind: 'unreachable',
      problem: {
        code: 'backend/preset-not-read',
        remedy: expect.stringContaining(
          `llama-server --models-preset ${one.preset} --offline`,
        ) as string,
      },
    });
  });
}

function memoryFacts(world: MakeWorld): void {
  test('has what is to stay loaded come back with the server, and nothing else', async () => {
    const one = await world('--models-max', '1');
    const asked = asks(one, { residency: 'loaded' });
    await build(one, asked);
    await run(one, [loadAction(one.backend, asked)]);
    const again = { ...one, backend: await one.restart() };
    await expect
      .poll(async () => (await seen(again, asked)).get('chat')?.loaded ?? null)
      .not.toBeNull();
    const unload = { ...actionBase(again.backend, 'unload', 'chat'), kind: 'unload' } as const;
    expect(await run(again, [unload])).toMatchObject([{ outcome: 'unloaded' }]);
    expect(await readFile(one.preset, 'utf8')).not.toContain('load-on-startup');
  });

  test('loads without a mark where the server counts nothing, which would not start with one', async () => {
    const one = await world('--models-max', '0');
    const asked = asks(one, { residency: 'loaded' });
    await build(one, asked);
    expect(await run(one, [loadAction(one.backend, asked)])).toMatchObject([{ outcome: 'loaded' }]);
    expect(await look(one, asked, one.first.artifact)).not.toHaveProperty('slots');
    const again = { ...one, backend: await one.restart() };
    expect((await seen(again, asked)).get('chat')?.loaded).toBeNull();
  });

  test('keeps a model loaded whose options change', async () => {
    const one = await world();
    for (const contextLength of [512, 1024]) {
      const asked = asks(one, { residency: 'loaded', runtime: { contextLength } });
      await build(one, asked);
      if (contextLength === 512) await run(one, [loadAction(one.backend, asked)]);
      const found = (await seen(one, asked)).get('chat');
      expect(found?.loaded?.load).toMatchObject({ contextLength });
    }
  });

  test('tells of a load that fails, with the exit code', async () => {
    const one = await world();
    const broken = await one.home.file(Buffer.from('no model at all'));
    const subject = { source: broken.source, artifact: broken, says: null };
    const asked = request(one, subject, { servedName: 'broken', residency: 'loaded' });
    await bring(one, asked, subject);
    const [result] = await run(one, [loadAction(one.backend, asked)]);
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/load-failed', detail: expect.stringContaining('code 1') as string },
    });
  });

  test('warns of what the command line overrides, and does not fight it', async () => {
    const one = await world('--ctx-size', '256');
    const asked = asks(one, { residency: 'loaded', runtime: { contextLength: 512 } });
    await build(one, asked);
    await run(one, [loadAction(one.backend, asked)]);
    const observation = await look(one, asked, one.first.artifact);
    expect(observation.placements.get('chat')?.loaded?.load).toEqual({ contextLength: 512 });
    const codes = (observation.warnings ?? []).map(({ code }) => code);
    expect(codes).toEqual(['backend/overridden', 'backend/context-shortened']);
    expect(observation.warnings?.[0]?.detail).toContain('ctx-size 256 instead of 512');
  });

  test('wants the key of a server that has one', async () => {
    const one = await world('--api-key', 'secret-key');
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    const observation = await one.backend.observe(question, contextOf(one));
    expect(observation).toMatchObject({ problem: { code: 'backend/unauthorized' } });
    expect(JSON.stringify(observation)).not.toContain('secret-key');
  });
}

async function rewrite(path: string, what: RegExp, by: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  expect(text).toMatch(what);
  await writeFile(path, text.replace(what, by));
}
