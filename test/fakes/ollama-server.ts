// A stateful stand-in for an Ollama server: what backends.md says of the wire, held in memory, with
// a registry beside it and faults to order. Runs behind a real port, inside a test's process, or as
// a process of its own:
//
//   node test/fakes/ollama-server.ts --port 11434 --models 10000 --step-delay-ms 20
import { parseArgs } from 'node:util';
import type { Clock, Http } from '../../src/io/io.ts';
import { createFaults, type Faults } from './ollama/faults.ts';
import { type Listening, listen } from './ollama/listen.ts';
import { memoryHttp } from './ollama/memory-http.ts';
import { type FakeHandler, type FakeRequest, type FakeResponse } from './ollama/message.ts';
import { type Name, parse } from './ollama/name.ts';
import { type PullWorld, pull } from './ollama/pull.ts';
import { createRegistry, type FakeRegistry } from './ollama/registry.ts';
import { route, type ServerWorld } from './ollama/routes.ts';
import { createScheduler } from './ollama/scheduler.ts';
import { createStore, type Store } from './ollama/store.ts';
import { keepOnDisk, type StoreFolder } from './ollama/store-disk.ts';

export interface FakeOllamaOptions {
  readonly clock?: Clock;
  readonly registry?: FakeRegistry;
  readonly version?: string;
  readonly noPrune?: boolean;
  readonly diskBytes?: number;
  readonly memoryBytes?: number;
  readonly loadedMax?: number;
  readonly queueMax?: number;
  readonly loadDelayMs?: number;
  readonly unloadDelayMs?: number;
  readonly defaultKeepAliveMs?: number;
  readonly defaultContextLength?: number;
  /** A layer arrives in so many steps of so many milliseconds. */
  readonly steps?: number;
  readonly stepDelayMs?: number;
  /** Where the store is kept; without, in memory only. */
  readonly folder?: StoreFolder;
  /** Checks the Host header, as a server does that is bound to loopback. */
  readonly boundToLoopback?: boolean;
}

export interface LoggedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface FakeOllama {
  readonly handle: FakeHandler;
  readonly faults: Faults;
  readonly registry: FakeRegistry;
  readonly store: Store;
  /** Everything that was asked so far, oldest first; empty it to count anew. */
  readonly log: LoggedRequest[];
  /** Of the log: what changes disk or memory. */
  readonly mutations: () => readonly LoggedRequest[];
  readonly http: (url?: string) => Http;
  readonly start: (port?: number) => Promise<Listening>;
  /** Drops what is loaded, cuts what is under way, prunes, as a restart of the server does. */
  readonly restart: () => void;
  /** Somebody else's work, without a request. */
  readonly foreign: {
    readonly pull: (name: string) => Promise<void>;
    readonly remove: (name: string) => void;
    /** Names on disk in their full form. */
    readonly names: () => readonly string[];
  };
}

export const realClock: Clock = {
  elapsed: () => performance.now(),
  now: () => Date.now(),
  every: (periodMs, onTick) => {
    const timer = setInterval(onTick, periodMs);
    return () => clearInterval(timer);
  },
  sleep: (durationMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const timer = setTimeout(resolve, durationMs);
      signal?.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        },
        { once: true },
      );
    }),
};

export function createFakeOllama(options: FakeOllamaOptions = {}): FakeOllama {
  const clock = options.clock ?? realClock;
  const registry = options.registry ?? createRegistry();
  const store = createStore(() => clock.now());
  const disk = options.folder === undefined ? null : keepOnDisk(store, options.folder);
  const faults = createFaults();
  const log: LoggedRequest[] = [];
  const scheduler = createScheduler({
    clock,
    loadDelayMs: options.loadDelayMs ?? 0,
    unloadDelayMs: options.unloadDelayMs ?? 0,
    loadedMax: options.loadedMax ?? 3,
    defaultContextLength: options.defaultContextLength ?? 4096,
    defaultKeepAliveMs: options.defaultKeepAliveMs ?? 5 * 60_000,
    memoryBytes: options.memoryBytes ?? Number.POSITIVE_INFINITY,
  });
  let running = new AbortController();
  const pulls: PullWorld = {
    store,
    clock,
    registryOf: (host) => (host.endsWith('.invalid') ? undefined : registry),
    isPlain: (host) => /^(?:localhost|127\.)/.test(host),
    noPrune: options.noPrune ?? false,
    diskBytes: options.diskBytes ?? Number.POSITIVE_INFINITY,
    steps: options.steps ?? 4,
    stepDelayMs: options.stepDelayMs ?? 0,
    downloads: new Map(),
    stopped: () => running.signal,
  };
  const version = options.version ?? '0.32.15';
  const queueMax = options.queueMax ?? 512;
  const world: ServerWorld = {
    store,
    scheduler,
    pulls,
    version,
    queueMax,
    pending: 0,
    now: () => clock.now(),
  };

  const handle = async (request: FakeRequest): Promise<FakeResponse> => {
    if (request.path.startsWith('/v2/')) return registry.handle(request);
    const [path = ''] = request.path.split('?');
    const body = await collect(request);
    disk?.look();
    log.push({
      method: request.method,
      path,
      headers: request.headers,
      body: body.toString('utf8'),
    });
    const local = options.boundToLoopback !== true || isLocalHost(request.headers['host'] ?? '');
    if (!local) return { status: 403, headers: {}, body: nothing() };
    return faults.wrap(
      request,
      () => route(world, request, body),
      (ms, signal) => clock.sleep(ms, signal),
    );
  };

  return {
    handle,
    faults,
    registry,
    store,
    log,
    mutations: () => log.filter(({ method, path }) => isMutation(method, path)),
    http: (url = 'http://127.0.0.1:11434') => memoryHttp(new Map([[url, handle]]), clock),
    start: (port) => listen(handle, port, () => clock.now()),
    restart: () => {
      running.abort();
      running = new AbortController();
      scheduler.reset();
      disk?.look();
      pulls.downloads.clear();
      pruneAtStart(store, clock.now(), pulls.noPrune);
    },
    foreign: {
      pull: async (name) => {
        const at = named(name);
        for await (const _ of pull(
          pulls,
          at,
          pulls.isPlain(at.host),
          new AbortController().signal,
        ));
      },
      remove: (name) => {
        const entry = store.find(named(name));
        if (entry === undefined) return;
        store.remove(entry.name);
        store.release(store.layersOf(entry.manifest));
      },
      names: () => [...store.manifests.keys()],
    },
  };
}

function named(text: string): Name {
  const name = parse(text);
  if (name === null) throw new Error(`${text} is no name`);
  return name;
}

/** Big uploads are kept too: they are what is stored. */
async function collect(request: FakeRequest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

const isMutation = (method: string, path: string): boolean =>
  (method === 'DELETE' && path === '/api/delete') ||
  (method === 'POST' &&
    (path.startsWith('/api/blobs/') ||
      ['/api/pull', '/api/create', '/api/copy', '/api/generate', '/api/embed'].includes(path)));

const hourMs = 3_600_000;

/** At start: blobs that nothing uses and partials, unless younger than an hour (server/images.go). */
function pruneAtStart(store: Store, now: number, noPrune: boolean): void {
  if (noPrune) return;
  const used = new Set(
    [...store.manifests.values()].flatMap((entry) =>
      store.layersOf(entry.manifest).map((layer) => layer.digest),
    ),
  );
  for (const [digest, blob] of store.blobs) {
    if (!used.has(digest) && now - blob.touchedAt > hourMs) store.blobs.delete(digest);
  }
  for (const [digest, partial] of store.partials) {
    if (now - partial.touchedAt > hourMs) store.partials.delete(digest);
  }
}

const isLocalHost = (host: string): boolean =>
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+)(?::\d+)?$/.test(
    host,
  ) || /\.(?:localhost|local|internal)(?::\d+)?$/.test(host);

/** Publishes and installs so many models that cost no memory: `many-0001:latest` and so on. */
export async function fill(fake: FakeOllama, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const model = `many-${String(index).padStart(5, '0')}`;
    fake.registry.publish(`library/${model}:latest`, {
      weights: { bytes: 4_000_000_000, seed: model },
    });
    await fake.foreign.pull(model);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      models: { type: 'string', default: '0' },
      'step-delay-ms': { type: 'string', default: '0' },
      steps: { type: 'string', default: '4' },
      'load-delay-ms': { type: 'string', default: '0' },
      version: { type: 'string', default: '0.32.15' },
    },
  });
  const fake = createFakeOllama({
    version: values.version,
    steps: Number(values.steps),
    stepDelayMs: Number(values['step-delay-ms']),
    loadDelayMs: Number(values['load-delay-ms']),
  });
  const { tinyGguf } = await import('./tiny-gguf.mjs');
  for (const [tag, says] of [
    ['v1', 'rolled out version one'],
    ['v2', 'rolled out version two'],
  ] as const) {
    fake.registry.publish(`library/tiny:${tag}`, {
      weights: tinyGguf({ says, seed: tag === 'v1' ? 1 : 2 }),
      parameters: { temperature: 0 },
    });
  }
  await fill(fake, Number(values.models));
  const { url } = await fake.start(Number(values.port));
  process.stdout.write(`${url}\n`);
}

if (import.meta.main) await main();
