// The store of the fake as a folder on some disk, laid out as Ollama's is: what others put there shows
// at the next request, what cannot be read as a manifest is skipped, and what the server changes is
// there at once. Blobs without bytes stay out of it.
import { parse, path as pathOf } from './name.ts';
import { type Blob, type Entry, entryOf, type Store } from './store.ts';

/** A folder, with paths relative to it. */
export interface StoreFolder {
  readonly paths: () => readonly string[];
  readonly read: (path: string) => Uint8Array;
  /** Makes folders. */
  readonly write: (path: string, content: Uint8Array | string) => void;
  readonly remove: (path: string) => void;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: (path: string) => number;
}

const blobFile = (digest: string): string => `blobs/${digest.replace(':', '-')}`;
const manifestFile = (path: string): string => `manifests/${path}`;

export interface OnDisk {
  /** Takes over what stands in the folder now. */
  readonly look: () => void;
}

/** From here on, what is set in or deleted from the maps of the store is on disk too. */
export function keepOnDisk(store: Store, folder: StoreFolder): OnDisk {
  const { manifests, blobs } = store;
  const reading = { now: false };
  mirror(manifests, reading, {
    set: (path, { raw }: Entry) => folder.write(manifestFile(path), raw),
    drop: (path) => folder.remove(manifestFile(path)),
  });
  mirror(blobs, reading, {
    set: (digest, { bytes }: Blob) => bytes !== null && folder.write(blobFile(digest), bytes),
    drop: (digest) => folder.remove(blobFile(digest)),
  });
  const look = (): void => {
    reading.now = true;
    const paths = folder.paths();
    lookAtBlobs(blobs, paths, folder);
    lookAtManifests(manifests, paths, folder);
    reading.now = false;
  };
  return { look };
}

function lookAtBlobs(
  blobs: Map<string, Blob>,
  paths: readonly string[],
  folder: StoreFolder,
): void {
  const there = new Set<string>();
  for (const path of paths) {
    const hex = /^blobs\/sha256-([0-9a-f]{64})$/.exec(path)?.[1];
    if (hex === undefined) continue;
    const digest = `sha256:${hex}`;
    there.add(digest);
    const touchedAt = folder.modifiedAt(path);
    if (blobs.get(digest)?.touchedAt === touchedAt) continue;
    // The server believes the name: nothing is hashed.
    const bytes = folder.read(path);
    blobs.set(digest, { size: bytes.length, bytes, touchedAt });
  }
  for (const [digest, { bytes }] of blobs) {
    if (bytes !== null && !there.has(digest)) blobs.delete(digest);
  }
}

function lookAtManifests(
  manifests: Map<string, Entry>,
  paths: readonly string[],
  folder: StoreFolder,
): void {
  const there = new Set<string>();
  for (const path of paths) {
    const [top, host, namespace, model, tag, ...more] = path.split('/');
    if (top !== 'manifests' || tag === undefined || more.length > 0) continue;
    const name = parse(`${host}/${namespace}/${model}:${tag}`);
    const raw = new TextDecoder().decode(folder.read(path));
    const entry = name && entryOf(name, raw, folder.modifiedAt(path));
    if (!entry) continue;
    there.add(pathOf(entry.name));
    manifests.set(pathOf(entry.name), entry);
  }
  for (const path of manifests.keys()) if (!there.has(path)) manifests.delete(path);
}

interface Kept<V> {
  readonly set: (key: string, value: V) => unknown;
  readonly drop: (key: string) => void;
}

function mirror<V>(map: Map<string, V>, reading: { readonly now: boolean }, kept: Kept<V>): void {
  const set = map.set.bind(map);
  const drop = map.delete.bind(map);
  map.set = (key, value) => {
    set(key, value);
    if (!reading.now) kept.set(key, value);
    return map;
  };
  map.delete = (key) => {
    const was = drop(key);
    if (was && !reading.now) kept.drop(key);
    return was;
  };
}
