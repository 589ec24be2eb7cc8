// A machine with two Ollamas, a registry, a web server and a disk, all simulated, in which the real
// program runs: reconcile() with every stage, the real backend, the real ledger. Everything that
// happens follows from one seed. What changes on the engines is told with who did it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InventoryEntry, LedgerView } from '../../src/core/inventory.ts';
import { type Http, HttpError, type Io } from '../../src/io/io.ts';
import { type ReconcileRequest, type Reconciliation, reconcile } from '../../src/reconcile.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { createFakeEffects } from '../fakes/effects.ts';
import { ggufBytes, usualPairs } from '../fakes/gguf-bytes.ts';
import { memoryHttp } from '../fakes/ollama/memory-http.ts';
import { createRegistry, type FakeRegistry } from '../fakes/ollama/registry.ts';
import { createFakeProcesses } from '../fakes/processes.ts';
import { createFakeRandom } from '../fakes/random.ts';
import {
  createRegistry as createWebServer,
  type FakeRegistry as WebServer,
} from '../fakes/registry-server.ts';
import { createDisk, type Disk } from './disk.ts';
import { type Change, createEngine, type EngineName, type SimEngine } from './engine.ts';
import { createLife, type Kill, type Life } from './life.ts';
import { closeDatabases, createSqliteOwner, ownDatabases } from './sqlite.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

export interface RunOptions {
  readonly mode: ReconcileRequest['mode'];
  readonly request?: Partial<ReconcileRequest>;
  readonly kill?: Kill | null;
  /** So long after its start the user presses Ctrl-C. */
  readonly interruptAfterMs?: number | null;
  /** What else goes on while it runs, so long after its start. */
  readonly meanwhile?: readonly { readonly afterMs: number; readonly act: () => void }[];
}

export interface Run {
  readonly options: RunOptions;
  /** Null when it was killed. */
  readonly result: Reconciliation | null;
  readonly effects: Life['effects'];
  /** What it changed on the engines, up to now. */
  readonly changes: readonly Change[];
  readonly requests: ReadonlyMap<EngineName, number>;
}

export interface World {
  /** The world as a program sees it that nobody kills. */
  readonly io: Io;
  readonly clock: VirtualClock;
  readonly disk: Disk;
  readonly registry: FakeRegistry;
  readonly web: WebServer;
  readonly engines: ReadonlyMap<EngineName, SimEngine>;
  /** Hosts that do not answer now: `registry.ollama.ai`, `files.example`. */
  readonly downHosts: Set<string>;
  /** Bytes of model files that the client itself was sent, by path. */
  readonly webBytes: Map<string, number>;
  /** A number in [0, bound), from the seed. */
  readonly below: (bound: number) => number;
  readonly run: (options: RunOptions) => Promise<Run>;
  readonly ledger: () => Promise<{
    readonly view: LedgerView;
    readonly inventory: readonly InventoryEntry[];
  }>;
  readonly ledgerPath: string;
  readonly end: () => void;
}

export const modelsFolder = 'models';
export const ledgerFile = join('home', 'state', 'ledger.db');
const usualStore = join('user', '.ollama', 'models');
export const webOrigin = 'https://files.example';
const startsAt = Date.UTC(2030, 0, 1);

/** `onDisk`: the engine whose store is a folder that the run may write to; the others' are not. */
export function createWorld(seed: number, onDisk: EngineName | null = null): World {
  const clock = createVirtualClock(startsAt);
  const disk = createDisk();
  const random = createFakeRandom(seed);
  const registry = createRegistry();
  const web = createWebServer();
  const downHosts = new Set<string>();
  const webBytes = new Map<string, number>();
  const below = (bound: number): number => Math.floor(random.fraction() * bound);
  const engines = new Map<EngineName, SimEngine>(
    (['main', 'side'] as const).map((name) => [
      name,
      createEngine({
        name,
        clock,
        registry,
        below,
        ...(name === onDisk ? { folder: disk.store(usualStore) } : {}),
      }),
    ]),
  );
  const http = networkOf({ clock, registry, web, engines, downHosts, webBytes, below });
  const io: Io = {
    files: disk.files,
    http,
    web: http,
    processes: createFakeProcesses(createFakeEffects()),
    environment: {
      get: (name) => (name === 'MODELCTL_HOME' ? join(disk.root, 'home') : undefined),
      hostname: 'box',
      homeFolder: join(disk.root, 'user'),
      workingFolder: disk.root,
      platform: 'linux',
    },
    clock,
    random,
  };
  const ledgerPath = join(disk.root, ledgerFile);
  return {
    io,
    clock,
    disk,
    registry,
    web,
    engines,
    downHosts,
    webBytes,
    below,
    run: (options) => runOnce(options, { io, clock, disk, engines }),
    ledgerPath,
    ledger: async () => {
      ownDatabases(null);
      const ledger = await openLedger({ path: ledgerPath, mode: 'read' }, io);
      const seen = { view: ledger.view(clock.now()), inventory: ledger.inventory() };
      ledger.close();
      return seen;
    },
    end: disk.destroy,
  };
}

async function runOnce(
  options: RunOptions,
  { io, clock, disk, engines }: Pick<World, 'clock' | 'disk' | 'engines'> & { readonly io: Io },
): Promise<Run> {
  const owner = createSqliteOwner();
  const life = createLife({ io, kill: options.kill ?? null, onDeath: () => closeDatabases(owner) });
  owner.life = life;
  ownDatabases(owner);
  const changes: Change[] = [];
  const requestsBefore = new Map(
    [...engines].map(([name, engine]) => [name, engine.fake.log.length]),
  );
  for (const engine of engines.values()) engine.attribute('run', (change) => changes.push(change));
  const over = new AbortController();
  for (const { afterMs, act } of options.meanwhile ?? []) {
    clock.sleep(afterMs, over.signal).then(act, () => undefined);
  }
  if (typeof options.interruptAfterMs === 'number') {
    const interrupt = (): void => over.abort();
    clock.sleep(options.interruptAfterMs, over.signal).then(interrupt, () => undefined);
  }
  const work = reconcile(
    { inputs: [join(disk.root, modelsFolder)], mode: options.mode, ...options.request },
    { io: life.io, signal: over.signal, report: () => undefined },
  ).catch((error: unknown) => {
    if (life.isDead()) return null;
    throw error;
  });
  try {
    const ended = await clock.drive(Promise.race([work, life.death]));
    const requests = new Map(
      [...engines].map(([name, engine]) => [
        name,
        engine.fake.log.length - (requestsBefore.get(name) ?? 0),
      ]),
    );
    const result = ended === 'killed' ? null : ended;
    return { options, result, effects: [...life.effects], changes, requests };
  } finally {
    life.kill();
    // Signals that were derived from it are kept for as long as it may still abort.
    over.abort();
    ownDatabases(null);
    for (const engine of engines.values()) engine.look();
  }
}

type Network = Pick<
  World,
  'clock' | 'registry' | 'web' | 'engines' | 'downHosts' | 'webBytes' | 'below'
>;

function networkOf({ clock, registry, web, engines, downHosts, webBytes, below }: Network): Http {
  const handlers = new Map(
    [...engines.values()].map((engine) => [engine.origin, engine.handle] as const),
  );
  handlers.set('https://registry.ollama.ai', registry.handle);
  const memory = memoryHttp(handlers, clock);
  return {
    request: async (request) => {
      const { hostname, origin, pathname } = new URL(request.url);
      await clock.sleep(1 + below(5), request.signal);
      if (downHosts.has(hostname)) throw new HttpError('refused', `${hostname} is down`);
      if (origin !== webOrigin) return memory.request(request);
      const response = await web.http.request(request);
      return { ...response, body: counted(response.body, pathname, webBytes) };
    },
  };
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  bytes: Map<string, number>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    bytes.set(path, (bytes.get(path) ?? 0) + chunk.length);
    yield chunk;
  }
}

/** A small model file; another `variant` is another file. */
export const modelFile = (variant: string): Uint8Array =>
  ggufBytes({
    pairs: [...usualPairs, { key: 'general.name', type: 'string', value: variant.repeat(400) }],
    dataBytes: 300_000,
  });

export const sha256Hex = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** Empty as long as no run has got as far as writing it. */
export function lockText({ disk }: World): string {
  const path = join(disk.root, modelsFolder, 'models.lock.yaml');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
