// /api/pull of the fake: manifest, layers one after another, verification, manifest written, old
// layers pruned; every error after the first line inside the stream (server/images.go, PullModel).
import type { Clock } from '../../../src/io/io.ts';
import { Disconnected } from './message.ts';
import { type Name, path } from './name.ts';
import type { FakeRegistry } from './registry.ts';
import type { Layer, Manifest, Store } from './store.ts';

export interface PullWorld {
  readonly store: Store;
  readonly clock: Clock;
  readonly registryOf: (host: string) => FakeRegistry | undefined;
  /** Hosts that only answer in plain http. */
  readonly isPlain: (host: string) => boolean;
  readonly noPrune: boolean;
  readonly diskBytes: number;
  /** A layer comes in so many steps, each of which takes this long. */
  readonly steps: number;
  readonly stepDelayMs: number;
  /** Downloads under way, shared by every pull that wants the digest. */
  readonly downloads: Map<string, Download>;
  /** Aborted when the server restarts. */
  readonly stopped: () => AbortSignal;
}

export interface Download {
  completed: number;
  driven: boolean;
}

/** The server ticks this often while it downloads; a layer that is faster is not told of at all. */
const tickMs = 60;

export async function* pull(
  world: PullWorld,
  name: Name,
  insecure: boolean,
  signal: AbortSignal,
): AsyncGenerator<object> {
  yield { status: 'pulling manifest' };
  const raw = fetchManifest(world, name, insecure);
  if (typeof raw !== 'string') {
    yield { error: `pull model manifest: ${raw.error}` };
    return;
  }
  const { store } = world;
  const manifest = JSON.parse(raw) as Manifest;
  const ending = AbortSignal.any([signal, world.stopped()]);
  for (const layer of store.layersOf(manifest)) {
    try {
      yield* downloadLayer(world, name, layer, ending);
    } catch (error) {
      if (ending.aborted && !signal.aborted) throw new Disconnected('cut');
      if (!ending.aborted) yield { error: (error as Error).message };
      return;
    }
  }
  yield { status: 'verifying sha256 digest' };
  yield { status: 'writing manifest' };
  if (ending.aborted) throw new Disconnected('cut');
  const before = store.manifests.get(path(name));
  store.write(name, raw);
  if (before !== undefined && !world.noPrune) {
    const kept = new Set(store.layersOf(manifest).map((layer) => layer.digest));
    const dropped = store.layersOf(before.manifest).filter((layer) => !kept.has(layer.digest));
    if (dropped.length > 0) yield { status: 'removing unused layers' };
    store.release(dropped);
  }
  yield { status: 'success' };
}

function fetchManifest(
  world: PullWorld,
  name: Name,
  insecure: boolean,
): string | { error: string } {
  const registry = world.registryOf(name.host);
  const url = `${insecure ? 'http' : 'https'}://${name.host}/v2/${name.namespace}/${name.model}/manifests/${name.tag}`;
  if (registry === undefined) {
    return { error: `Get "${url}": dial tcp: lookup ${name.host}: no such host` };
  }
  if (world.isPlain(name.host) && !insecure) {
    return { error: `Get "${url}": http: server gave HTTP response to HTTPS client` };
  }
  const { manifestFault } = registry;
  if (manifestFault?.status === 404) return { error: 'file does not exist' };
  if (manifestFault?.status === 401) return { error: 'unauthorized: access denied' };
  if (manifestFault) return { error: `${manifestFault.status}: ${manifestFault.body}` };
  return (
    registry.manifest(name.namespace, name.model, name.tag) ?? { error: 'file does not exist' }
  );
}

async function* downloadLayer(
  world: PullWorld,
  name: Name,
  layer: Layer,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const { store, clock, downloads } = world;
  const { digest, size } = layer;
  const event = (completed: number): object => ({
    status: `pulling ${digest.slice(7, 19)}`,
    digest,
    total: size,
    ...(completed > 0 ? { completed } : {}),
  });
  if (store.blobs.has(digest)) {
    yield event(size);
    return;
  }
  const started = store.partials.get(digest)?.completed ?? 0;
  const download = downloads.get(digest) ?? { completed: started, driven: false };
  downloads.set(digest, download);
  let toldAt = clock.now();
  while (!store.blobs.has(digest)) {
    if (download.driven) {
      await clock.sleep(Math.max(1, world.stepDelayMs), signal);
    } else {
      download.driven = true;
      try {
        await step(world, name, layer, download, signal);
      } finally {
        download.driven = false;
      }
    }
    if (clock.now() - toldAt < tickMs || store.blobs.has(digest)) continue;
    toldAt = clock.now();
    yield event(download.completed);
  }
}

/** One piece of a layer; the last one makes the blob. What is there stays when it is cut off. */
async function step(
  { store, clock, registryOf, ...world }: PullWorld,
  name: Name,
  layer: Layer,
  download: Download,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = layer;
  if (world.stepDelayMs > 0) await clock.sleep(world.stepDelayMs, signal);
  signal.throwIfAborted();
  const registry = registryOf(name.host);
  const blob = registry?.blob(digest);
  if (registry === undefined || blob === undefined) {
    throw new Error(`max retries exceeded: 404: blob ${digest} unknown`);
  }
  const piece = Math.min(Math.ceil(size / world.steps), size - download.completed);
  if (Number.isFinite(world.diskBytes) && store.usedBytes() + piece > world.diskBytes) {
    throw new Error(`write ${digest.replace(':', '-')}-partial: no space left on device`);
  }
  download.completed += piece;
  registry.served.set(digest, (registry.served.get(digest) ?? 0) + piece);
  store.partials.set(digest, { completed: download.completed, touchedAt: clock.now() });
  if (download.completed < size) return;
  store.partials.delete(digest);
  world.downloads.delete(digest);
  store.blobs.set(digest, { size, bytes: blob.bytes, touchedAt: clock.now() });
}
