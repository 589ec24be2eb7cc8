// Ollama's own store on disk: where its blobs and manifests stand, and how they are read
// (manifest/paths.go, manifest/manifest.go). Reads only. What is in it is another program's and may
// change at any moment; a manifest is not written at once, so one that cannot be read is no manifest
// yet.
import { join } from 'node:path';
import { parseManifest } from '../../artifacts/sources/ollama/translate.ts';
import type { ArtifactFile } from '../../core/artifact.ts';
import { type Digest, digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import type { OllamaName } from '../../core/ollama-name.ts';
import { isAbsent } from '../../io/error-code.ts';
import type { Files } from '../../io/io.ts';

export const blobsFolder = (store: string): string => join(store, 'blobs');
export const manifestsFolder = (store: string): string => join(store, 'manifests');

/**
 * `blobs/sha256-<64 hex>`. Beside it stand, of downloads of the engine that were not finished,
 * `…-partial` and `…-partial-<n>`.
 */
export const blobPath = (store: string, digest: Digest): string =>
  join(blobsFolder(store), `sha256-${digestHex(digest)}`);

/** The four parts of a name are folders, in the spelling that the engine first met. */
export const manifestParts = ({ host, namespace, model, tag }: OllamaName): readonly string[] => [
  host,
  namespace,
  model,
  tag,
];

export const manifestPath = (store: string, name: OllamaName): string =>
  join(manifestsFolder(store), ...manifestParts(name));

/** A manifest is a few kilobytes; one of safetensors lists thousands of layers. */
const manifestBytesMax = 4 * 1024 * 1024;

export interface StoredManifest {
  /** sha256 of the bytes as they are: what the engine lists as the digest of the name. */
  readonly revision: Digest;
  /** Layers and config, each digest once; null where it is not, or not yet, one of weights. */
  readonly files: readonly ArtifactFile[] | null;
}

/** Null when nothing is there. Throws node's own errors for what may not be read. */
export async function readManifest(files: Files, path: string): Promise<StoredManifest | null> {
  try {
    const bytes = await files.readBytes(path, manifestBytesMax);
    const manifest = parseManifest(bytes, path);
    return { revision: sha256Text(bytes), files: manifest.ok ? manifest.value.files : null };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Every name that has a file, readable or not, sorted by path; one folder is read at a time. */
export async function* storedNames(files: Files, store: string): AsyncGenerator<OllamaName> {
  const root = manifestsFolder(store);
  for (const host of await below(files, root, 'folder')) {
    for (const namespace of await below(files, join(root, host), 'folder')) {
      for (const model of await below(files, join(root, host, namespace), 'folder')) {
        const folder = join(root, host, namespace, model);
        for (const tag of await below(files, folder, 'file')) {
          yield { host, namespace, model, tag };
        }
      }
    }
  }
}

/** A folder that went meanwhile is empty: the engine removes those that it empties. */
async function below(
  files: Files,
  folder: string,
  kind: 'file' | 'folder',
): Promise<readonly string[]> {
  try {
    const entries = await files.list(folder);
    return entries.filter((entry) => entry.kind === kind).map(({ name }) => name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/**
 * The name as the store spells it: Ollama takes names for the same whatever their case, and a second
 * spelling beside the first would be listed as a second model.
 */
export async function spelledAsStored(
  files: Files,
  store: string,
  name: OllamaName,
): Promise<OllamaName> {
  const whole = await alike(files, manifestsFolder(store), manifestParts(name));
  if (whole !== null) return nameOf(whole);
  const parts: string[] = [];
  for (const part of manifestParts(name)) {
    const [same] = await candidates(files, join(manifestsFolder(store), ...parts), part);
    parts.push(same ?? part);
  }
  return nameOf(parts);
}

/** The name itself, in whatever case its parts are. */
async function alike(
  files: Files,
  folder: string,
  [part, ...rest]: readonly string[],
): Promise<readonly string[] | null> {
  if (part === undefined) return [];
  for (const candidate of await candidates(files, folder, part)) {
    const found = await alike(files, join(folder, candidate), rest);
    if (found !== null) return [candidate, ...found];
  }
  return null;
}

/** What stands there under a part's name; in the very case first. */
async function candidates(files: Files, folder: string, part: string): Promise<readonly string[]> {
  const there = [
    ...(await below(files, folder, 'folder')),
    ...(await below(files, folder, 'file')),
  ];
  const same = there.filter((one) => one.toLowerCase() === part.toLowerCase());
  return [...same.filter((one) => one === part), ...same.filter((one) => one !== part)];
}

const nameOf = ([
  host = '',
  namespace = '',
  model = '',
  tag = '',
]: readonly string[]): OllamaName => ({
  host,
  namespace,
  model,
  tag,
});
