// One simulated Ollama of the world: the stateful fake behind a wire with latency and faults, whose
// store is watched, so that every change of a name is known with who made it.

import {
  Disconnected,
  type FakeHandler,
  type FakeResponse,
  readBody,
} from '../fakes/ollama/message.ts';
import { display, parse } from '../fakes/ollama/name.ts';
import type { FakeRegistry } from '../fakes/ollama/registry.ts';
import type { Manifest } from '../fakes/ollama/store.ts';
import type { StoreFolder } from '../fakes/ollama/store-disk.ts';
import { createFakeOllama, type FakeOllama } from '../fakes/ollama-server.ts';
import type { VirtualClock } from './virtual-clock.ts';

export type EngineName = 'main' | 'side';

/** A name came to hold something else; null for nothing. Digests are bare hex, as in listings. */
export interface Change {
  readonly engine: EngineName;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface SimEngine {
  readonly name: EngineName;
  readonly origin: string;
  readonly fake: FakeOllama;
  readonly handle: FakeHandler;
  state: 'up' | 'down' | 'slow';
  /** By name as it is displayed. */
  readonly names: () => ReadonlyMap<string, string>;
  /** Who is told of changes from now on: a run, or nobody when others make them. */
  readonly attribute: (who: 'run', tell: (change: Change) => void) => void;
  /** What a name runs as; null when it is not in memory. */
  readonly runnerOf: (name: string) => Promise<RunningAs | null>;
  /** Weights that stay in memory until somebody unloads them, by whatever name. */
  readonly staying: () => Promise<ReadonlySet<string>>;
  /** How many models are in memory, under whatever name. */
  readonly runners: () => Promise<number>;
  readonly settingsOf: (name: string) => Settings;
  /** When somebody else last gave each name another content. */
  readonly touchedAt: ReadonlyMap<string, number>;
  /** Finds what changed since the last look. */
  readonly look: () => void;
  /** Somebody else changes the store, at once. */
  readonly change: (act: () => void) => void;
  /** Puts a published model there, as a pull of somebody else would. */
  readonly install: (tag: string, as?: string) => void;
  readonly copy: (from: string, to: string) => void;
  /** Somebody else's request to run a model for so long, without waiting for it. */
  readonly generate: (name: string, keepAlive: string | number) => void;
}

export interface RunningAs {
  /** Until somebody unloads it. */
  readonly stays: boolean;
  readonly contextLength: number;
}

export interface Settings {
  readonly weights: string | null;
  readonly system: string | null;
  readonly contextLength: number | null;
}

interface EngineOptions {
  readonly name: EngineName;
  readonly clock: VirtualClock;
  readonly registry: FakeRegistry;
  readonly below: (bound: number) => number;
  /** Where its store is kept; without, in memory only. */
  readonly folder?: StoreFolder;
}

const ports = { main: 11_434, side: 11_435 } as const;
const slowMs = 4000;

export function createEngine(options: EngineOptions): SimEngine {
  const { name, clock, registry, below, folder } = options;
  const fake = createFakeOllama({
    clock,
    registry,
    steps: 3,
    stepDelayMs: 40,
    loadDelayMs: 20,
    unloadDelayMs: 30,
    loadedMax: 50,
    ...(folder === undefined ? {} : { folder }),
  });
  const { store } = fake;
  let tell: (change: Change) => void = () => undefined;
  const touchedAt = new Map<string, number>();
  const weightsByDigest = new Map<string, string>();
  let last: ReadonlyMap<string, string> = new Map();
  const names = (): ReadonlyMap<string, string> =>
    new Map([...store.manifests.values()].map((entry) => [display(entry.name), entry.digest]));
  const remember = (): void => {
    for (const { digest, manifest } of store.manifests.values()) {
      const weights = manifest.layers.find(({ mediaType }) => mediaType.endsWith('.model'));
      if (weights !== undefined) weightsByDigest.set(digest, weights.digest);
    }
  };
  const look = (): void => {
    const now = names();
    for (const one of new Set([...last.keys(), ...now.keys()])) {
      const [before, after] = [last.get(one) ?? null, now.get(one) ?? null];
      if (before !== after) tell({ engine: name, name: one, before, after, at: clock.now() });
    }
    last = now;
    remember();
  };
  const change = (act: () => void): void => {
    look();
    act();
    const now = names();
    for (const one of new Set([...last.keys(), ...now.keys()])) {
      if (last.get(one) !== now.get(one)) touchedAt.set(one, clock.now());
    }
    last = now;
    remember();
  };
  const engine: SimEngine = {
    name,
    origin: `http://127.0.0.1:${ports[name]}`,
    fake,
    state: 'up',
    names,
    touchedAt,
    runnerOf: (of) => runnerOf(fake, of, weightsByDigest),
    staying: async () =>
      new Set(
        (await listRunners(fake))
          .filter(isStaying)
          .map(({ digest }) => weightsByDigest.get(digest) ?? digest),
      ),
    runners: async () => (await listRunners(fake)).length,
    settingsOf: (of) => settingsOf(fake, of),
    look,
    change,
    attribute: (_, next) => {
      look();
      tell = next;
    },
    install: (tag, as = tag) =>
      change(() => {
        const [from, to] = [parse(tag), parse(as)];
        const raw = from && registry.manifest(from.namespace, from.model, from.tag);
        if (!raw || to === null) throw new Error(`${tag} is not published`);
        for (const { digest, size } of store.layersOf(JSON.parse(raw) as Manifest)) {
          const bytes = registry.blob(digest)?.bytes ?? null;
          if (!store.blobs.has(digest))
            store.blobs.set(digest, { size, bytes, touchedAt: clock.now() });
        }
        store.write(to, raw);
      }),
    copy: (from, to) =>
      change(() => {
        const [source, target] = [parse(from), parse(to)];
        const raw = source && store.find(source)?.raw;
        if (raw && target !== null) store.write(store.existing(target), raw);
      }),
    generate: (model, keepAlive) => {
      const json = JSON.stringify({ model, keep_alive: keepAlive, stream: false });
      void ask(fake, 'POST', '/api/generate', json).then(look, look);
    },
    handle: async (request) => {
      if (engine.state === 'down') throw new Disconnected('refused');
      if (engine.state === 'slow') await clock.sleep(below(slowMs), request.signal);
      const response = await fake.handle(request);
      look();
      await clock.sleep(1 + below(5), request.signal);
      return { ...response, body: watched(response, engine) };
    },
  };
  return engine;
}

interface ListedRunner {
  readonly digest: string;
  readonly expires_at: string;
  readonly context_length: number;
}

const yearMs = 365 * 24 * 3_600_000;

async function listRunners(fake: FakeOllama): Promise<readonly ListedRunner[]> {
  const text = await ask(fake, 'GET', '/api/ps', '');
  return (JSON.parse(text) as { readonly models: readonly ListedRunner[] }).models;
}

const isStaying = ({ expires_at: expiresAt }: ListedRunner): boolean =>
  Date.parse(expiresAt) > Date.now() + 100 * yearMs;

/** By weights, as the engine keeps them: the name that started a runner may be gone. */
async function runnerOf(
  fake: FakeOllama,
  name: string,
  weightsOf: ReadonlyMap<string, string>,
): Promise<RunningAs | null> {
  const { weights } = settingsOf(fake, name);
  for (const runner of await listRunners(fake)) {
    if (weightsOf.get(runner.digest) !== weights) continue;
    return { stays: isStaying(runner), contextLength: runner.context_length };
  }
  return null;
}

function settingsOf({ store }: FakeOllama, text: string): Settings {
  const name = parse(text);
  const entry = name === null ? undefined : store.find(name);
  const layer = (kind: string) =>
    entry?.manifest.layers.find(({ mediaType }) => mediaType.endsWith(`.${kind}`));
  const parameters = JSON.parse(store.text(layer('params')) || '{}') as Record<string, unknown>;
  return {
    weights: layer('model')?.digest ?? null,
    system: store.text(layer('system')) || null,
    contextLength: typeof parameters['num_ctx'] === 'number' ? parameters['num_ctx'] : null,
  };
}

/** A request of somebody else's. */
async function ask(fake: FakeOllama, method: string, path: string, body: string): Promise<string> {
  async function* sent(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(body);
  }
  const { signal } = new AbortController();
  const headers = { host: '127.0.0.1' };
  const response = await fake.handle({ method, path, headers, body: sent(), signal });
  return (await readBody(response.body)).toString('utf8');
}

async function* watched(response: FakeResponse, engine: SimEngine): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body) {
      engine.look();
      if (engine.state === 'down') throw new Disconnected('cut');
      yield chunk;
    }
  } finally {
    engine.look();
  }
}
