// The model store of the fake: manifests by full name, blobs by digest, counted by reference. A
// blob may be a size without bytes, so that models of any size cost nothing.
import { createHash } from 'node:crypto';
import { type Name, path } from './name.ts';

export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly from?: string;
}

export interface Manifest {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly config: Layer;
  readonly layers: readonly Layer[];
}

export interface Entry {
  readonly name: Name;
  /** Byte for byte: its sha256 is the digest that clients see. */
  readonly raw: string;
  readonly manifest: Manifest;
  readonly digest: string;
  readonly modifiedAt: number;
}

export interface Blob {
  readonly size: number;
  readonly bytes: Uint8Array | null;
  touchedAt: number;
}

export const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export const layerType = (kind: string): string => `application/vnd.ollama.image.${kind}`;
export const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const configType = 'application/vnd.docker.container.image.v1+json';

export const manifestText = (config: Layer, layers: readonly Layer[]): string =>
  `${JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: { ...config, mediaType: configType }, layers })}\n`;

export interface Store {
  readonly manifests: Map<string, Entry>;
  readonly blobs: Map<string, Blob>;
  /** Bytes that an unfinished download has, by digest. */
  readonly partials: Map<string, { completed: number; touchedAt: number }>;
  readonly find: (name: Name) => Entry | undefined;
  /** getExistingName: takes each part's spelling from any manifest that has it in another case. */
  readonly existing: (name: Name) => Name;
  readonly write: (name: Name, raw: string) => void;
  readonly remove: (name: Name) => void;
  readonly addBlob: (
    bytes: Uint8Array | string,
    now?: number,
  ) => { digest: string; existed: boolean; size: number };
  /** Drops those of the layers that no manifest uses any more. */
  readonly release: (layers: readonly Layer[]) => void;
  readonly layersOf: (manifest: Manifest) => readonly Layer[];
  readonly usedBytes: () => number;
  readonly text: (layer: Layer | undefined) => string;
  /** Of a layer that holds an object; empty when there is none. */
  readonly json: (layer: Layer | undefined) => Readonly<Record<string, unknown>>;
}

/** Null for what is no manifest, or not a whole one. */
export function entryOf(name: Name, raw: string, modifiedAt: number): Entry | null {
  try {
    const manifest = JSON.parse(raw) as Manifest;
    return { name, raw, manifest, digest: sha256(raw).slice('sha256:'.length), modifiedAt };
  } catch {
    return null;
  }
}

export function createStore(now: () => number): Store {
  const manifests = new Map<string, Entry>();
  const blobs = new Map<string, Blob>();
  const partials = new Map<string, { completed: number; touchedAt: number }>();
  const layersOf = (manifest: Manifest): readonly Layer[] => [...manifest.layers, manifest.config];
  const existing = (name: Name): Name => {
    const found = { ...name };
    for (const entry of manifests.values()) {
      for (const part of ['host', 'namespace', 'model', 'tag'] as const) {
        if (entry.name[part].toLowerCase() === name[part].toLowerCase())
          found[part] = entry.name[part];
      }
    }
    return found;
  };
  const text = (layer: Layer | undefined): string => {
    const bytes = layer === undefined ? null : (blobs.get(layer.digest)?.bytes ?? null);
    return bytes === null ? '' : new TextDecoder().decode(bytes);
  };
  return {
    manifests,
    blobs,
    partials,
    layersOf,
    find: (name) => manifests.get(path(name)) ?? manifests.get(path(existing(name))),
    existing,
    write: (name, raw) => {
      const entry = entryOf(name, raw, now());
      if (entry === null) throw new Error(`${path(name)} gets no manifest`);
      manifests.set(path(name), entry);
    },
    remove: (name) => void manifests.delete(path(name)),
    addBlob: (content, at = now()) => {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      const digest = sha256(bytes);
      const there = blobs.get(digest);
      if (there === undefined) blobs.set(digest, { size: bytes.length, bytes, touchedAt: at });
      else there.touchedAt = at;
      return { digest, existed: there !== undefined, size: bytes.length };
    },
    release: (layers) => {
      const used = new Set<string>();
      for (const entry of manifests.values()) {
        for (const layer of layersOf(entry.manifest)) used.add(layer.digest);
      }
      for (const layer of layers) if (!used.has(layer.digest)) blobs.delete(layer.digest);
    },
    usedBytes: () =>
      [...blobs.values()].reduce((sum, blob) => sum + blob.size, 0) +
      [...partials.values()].reduce((sum, partial) => sum + partial.completed, 0),
    text,
    json: (layer) => JSON.parse(text(layer) || '{}') as Record<string, unknown>,
  };
}
