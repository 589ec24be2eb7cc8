// The whole pipeline over a llama-server: declared, found by itself, and taken over from another engine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createNodeHttp } from '../src/io/node/http.ts';
import { type FakeServer, startFake } from './fakes/llama-server/server.ts';
import { tinyGguf } from './fakes/tiny-gguf.mjs';
import {
  actionsOf,
  createMachine,
  documents,
  heldOf,
  type Machine,
  modelDocument,
} from './machine.ts';

let machine: Machine | undefined;
let server: FakeServer | undefined;
afterEach(async () => {
  await server?.stop();
  machine?.remove();
});

const model = (...spec: readonly string[]): string =>
  modelDocument('chat', 'source: file://./chat.gguf', ...spec);

const backendAt = (url: string, store: string): string =>
  [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Backend',
    'metadata: { name: router }',
    'spec:',
    '  type: llama-server',
    `  endpoint: ${url}`,
    `  files: { path: ${store} }`,
    '',
  ].join('\n');

interface Site {
  readonly box: Machine;
  readonly url: string;
  readonly store: string;
  readonly router: FakeServer;
}

async function site(): Promise<Site> {
  const box = createMachine({ elsewhere: createNodeHttp() });
  machine = box;
  box.setDown(true);
  const store = join(box.folder, 'served');
  const preset = join(store, 'models.ini');
  mkdirSync(dirname(preset), { recursive: true });
  writeFileSync(preset, '');
  writeFileSync(join(box.folder, 'chat.gguf'), tinyGguf({ says: 'version one', seed: 1 }));
  const router = await startFake(preset, ['--models-max', '1']);
  server = router;
  return { box, url: router.url, store, router };
}

test('applies a Model with flags of the engine, and then has nothing to do', async () => {
  const { box, url, store, router } = await site();
  const write = (batch: number): void =>
    box.write(
      'models.yaml',
      documents(
        backendAt(url, store),
        model(
          'residency: loaded',
          'aliases: [gpt-4o]',
          'runtime:',
          '  contextLength: 512',
          `  engine: { llama-server: { batch-size: ${batch}, cpu-moe: true } }`,
        ),
      ),
    );
  write(256);
  const first = await box.apply();
  expect(actionsOf(first)).toEqual(['pull chat', 'create gpt-4o', 'load chat']);
  expect(first.exitCode).toBe(0);
  expect(router.models.find('gpt-4o')).toMatchObject({ id: 'chat', state: 'loaded' });
  // The alias first, so that nothing is loaded twice.
  expect(router.requests.filter((line) => line === 'POST /models/load')).toHaveLength(1);
  expect(box.events.filter(({ kind }) => kind === 'retrying')).toEqual([]);
  const seen = router.requests.length;
  const again = await box.apply();
  expect(actionsOf(again)).toEqual([]);
  expect(router.requests.slice(seen).filter((line) => !line.startsWith('GET'))).toEqual([]);

  write(128);
  const changed = await box.apply();
  expect(actionsOf(changed)).toEqual(['pull chat', 'create gpt-4o']);
  expect(changed.exitCode).toBe(0);
  expect(router.models.find('chat')?.options.get('batch-size')).toBe('128');
  expect(actionsOf(await box.plan())).toEqual([]);
  expect(router.models.find('chat')?.state).toBe('loaded');
});

test('holds what has no place in memory, and a flag that is none', async () => {
  const { box, url, store } = await site();
  const other = model('residency: loaded', 'priority: -1').replace('name: chat', 'name: later');
  const wrong = model('runtime: { engine: { llama-server: { batch-sise: 1 } } }');
  box.write(
    'models.yaml',
    documents(
      backendAt(url, store),
      model('residency: loaded'),
      other,
      wrong.replace('name: chat', 'name: wrong'),
    ),
  );
  const applied = await box.apply();
  expect(actionsOf(applied)).toEqual(['pull chat', 'pull later', 'load chat']);
  expect(heldOf(applied)).toEqual(['later: does-not-fit', 'wrong: unsupported']);
  expect(applied.plan?.held.map(({ detail }) => detail).join()).toContain(
    'Did you mean batch-size?',
  );
});

test('prunes what left the set: out of memory, out of the presets, off the disk', async () => {
  const { box, url, store, router } = await site();
  const backend = backendAt(url, store);
  box.write(
    'models.yaml',
    documents(
      backend,
      model('residency: loaded'),
      model('residency: stored').replace('name: chat', 'name: kept'),
    ),
  );
  await box.apply();
  box.write('models.yaml', documents(backend, model().replace('name: chat', 'name: kept')));
  const pruned = await box.apply({ prune: true, allowEvictions: 9 });
  expect(actionsOf(pruned)).toEqual(['unload chat', 'evict chat']);
  expect(pruned.exitCode).toBe(0);
  expect([...router.models.all.keys()]).toEqual(['kept']);
});

test('a server is used by itself only where it serves what modelctl keeps', async () => {
  const { box, url, store } = await site();
  box.write('models.yaml', documents(backendAt(url, store), model()));
  await box.apply();
  // The same server, as one that answers where llama-server usually listens.
  const io = {
    ...box.io,
    http: {
      request: (request: Parameters<typeof box.io.http.request>[0]) =>
        box.io.http.request({ ...request, url: request.url.replace('http://127.0.0.1:8080', url) }),
    },
  };
  const { enginePool } = await import('../src/resolve/engines.ts');
  const { engines } = await import('../src/backends/index.ts');
  const context = { io, signal: AbortSignal.timeout(10_000) };
  const manifests = { resources: [] } as unknown as Parameters<typeof enginePool>[0];
  const identity = { hosts: [], self: null } as unknown as Parameters<typeof enginePool>[1];
  const choose = async (refersTo: string): Promise<string | undefined> => {
    const here = {
      ...engines,
      refer: (declared: Parameters<typeof engines.refer>[0], own: typeof io) =>
        engines.refer(
          { ...declared, ...(declared.type === 'llama-server' ? { store: refersTo } : {}) },
          own,
        ),
    };
    const pool = await enginePool(manifests, identity, null, here, context);
    if (!pool.ok) throw new Error('no pool');
    const chosen = await pool.value.engineFor(null);
    return chosen.ok ? chosen.value.reference.type : undefined;
  };
  expect(await choose(store)).toBe('llama-server');
  expect(await choose(join(box.folder, 'elsewhere'))).toBe('embedded');
});
