// Changing the store. Bytes come first and the name last, so a crash in between leaves blobs that
// the next run finds, never a name without content. Going, the name is dropped first and the blobs
// that nothing else needs after it.
import { canonicalJson, sameJson } from '../../../core/canonical.ts';
import type { LoadOptions } from '../../../core/desired.ts';
import type { Digest } from '../../../core/digest.ts';
import type { ObtainedFile } from '../../transfer/obtained.ts';
import { hasBlob, type OciStore, putFile, putText } from './blobs.ts';
import { holding, inTurn } from './exclusive.ts';
import type { ModelImage } from './image.ts';
import {
  blobPath,
  type Descriptor,
  indexPath,
  indexText,
  layoutPath,
  layoutText,
  manifestMediaType,
  nameAnnotation,
  nameOf,
  type OciIndex,
} from './layout.ts';
import { aliasAnnotation, findName, loadAnnotation, readImage, readIndex } from './read.ts';
import { dropUnreferenced, sweepOrphans } from './sweep.ts';

/** `other`: something else than expected is under the name now; it was left alone. */
export type Changed =
  | { readonly kind: 'written' | 'unchanged'; readonly replaced: Digest | null }
  | { readonly kind: 'other'; readonly digest: Digest | null };

export interface PutRequest {
  readonly name: string;
  readonly image: ModelImage;
  readonly load: LoadOptions;
  /** What may be under the name besides the image itself; null: nothing. */
  readonly replaces: Digest | null;
  /** A verified local copy of a layer. Called for what is missing only. */
  readonly obtain: (
    digest: Digest,
    onBytes: (bytes: number) => void,
  ) => Promise<Pick<ObtainedFile, 'path' | 'isUnchanging'>>;
  /** Bytes of layers obtained so far, of those that had to be; never falls. */
  readonly onBytes: (completedBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
  /** Asked when all bytes are there: what it throws leaves the name as it is. */
  readonly beforeNaming?: () => Promise<void>;
}

/** Stores an image under a name. Safe to repeat; what is there already is not written again. */
export async function putImage(store: OciStore, request: PutRequest): Promise<Changed> {
  const { image, name, replaces } = request;
  const needed = [image.digest, image.config.digest, ...image.layers.map((layer) => layer.digest)];
  return holding(store.path, needed, async () => {
    const there = await findName(store, name);
    if (!mayReplace(there?.digest ?? null, image.digest, replaces)) {
      return { kind: 'other', digest: there?.digest ?? null };
    }
    if (there?.digest === image.digest && there.whole && sameJson(there.load, request.load)) {
      return { kind: 'unchanged', replaced: null };
    }
    await makeLayout(store);
    const layers = await putLayers(store, request);
    await putText(store, image.config.digest, image.config.text);
    await putText(store, image.digest, image.manifest);
    await request.beforeNaming?.();
    const size = Buffer.byteLength(image.manifest);
    const pointed = await pointName(store, { ...request, digest: image.digest, size });
    // The name was right and not whole: what it pointed at is there again.
    return layers > 0 && pointed.kind === 'unchanged'
      ? { kind: 'written', replaced: null }
      : pointed;
  });
}

/** How many had to be written. */
async function putLayers(store: OciStore, request: PutRequest): Promise<number> {
  const { image, signal } = request;
  const missing: Descriptor[] = [];
  for (const layer of image.layers) {
    if (!(await hasBlob(store, layer.digest, layer.size))) missing.push(layer);
  }
  const totalBytes = missing.reduce((sum, layer) => sum + layer.size, 0);
  let storedBytes = 0;
  for (const { digest, size } of missing) {
    signal.throwIfAborted();
    const before = storedBytes;
    let toldBytes = 0;
    // Obtained, and then stored, which may read it once more: told once, as it gets on.
    const onBytes = (bytes: number): void => {
      toldBytes = Math.max(toldBytes, bytes);
      request.onBytes(Math.min(before + toldBytes, totalBytes), totalBytes);
    };
    const source = await request.obtain(digest, onBytes);
    await putFile(store, digest, source, { signal, onHashed: onBytes });
    storedBytes += size;
    request.onBytes(storedBytes, totalBytes);
  }
  return missing.length;
}

/** Points a name at a manifest that is stored already, as an alias does. */
export async function putAlias(
  store: OciStore,
  alias: {
    readonly name: string;
    readonly digest: Digest;
    readonly load: LoadOptions;
    readonly replaces: Digest | null;
    readonly aliasOf?: string;
  },
): Promise<Changed> {
  const image = await readImage(store, alias.digest);
  if (image === null) return { kind: 'other', digest: null };
  return holding(store.path, image.references, async () => {
    const found = await store.io.files.stat(blobPath(store.path, alias.digest));
    return pointName(store, { ...alias, size: found?.bytes ?? 0 });
  });
}

interface Pointer {
  readonly name: string;
  readonly digest: Digest;
  readonly size: number;
  readonly load: LoadOptions;
  readonly replaces: Digest | null;
  readonly aliasOf?: string;
}

async function pointName(store: OciStore, pointer: Pointer): Promise<Changed> {
  const changed = await inTurn(store.path, async (): Promise<Changed> => {
    const index = await readIndex(store);
    const current = index.manifests.find((one) => nameOf(one) === pointer.name);
    const replaced = current?.digest ?? null;
    if (!mayReplace(replaced, pointer.digest, pointer.replaces)) {
      return { kind: 'other', digest: replaced };
    }
    const entry = entryOf(pointer);
    if (current !== undefined && sameJson(current, entry))
      return { kind: 'unchanged', replaced: null };
    await writeIndex(store, index, pointer.name, [entry]);
    return { kind: 'written', replaced: replaced === pointer.digest ? null : replaced };
  });
  if (changed.kind === 'written' && changed.replaced !== null) {
    await dropUnreferenced(store, changed.replaced);
  }
  return changed;
}

const entryOf = ({ name, digest, size, load, aliasOf }: Pointer): Descriptor => ({
  mediaType: manifestMediaType,
  digest,
  size,
  annotations: {
    [nameAnnotation]: name,
    ...(Object.keys(load).length === 0 ? {} : { [loadAnnotation]: canonicalJson(load) }),
    ...(aliasOf === undefined ? {} : { [aliasAnnotation]: aliasOf }),
  },
});

/** Drops a name that holds `digest`, then every blob that no other name needs. */
export async function removeName(store: OciStore, name: string, digest: Digest): Promise<Changed> {
  const changed = await inTurn(store.path, async (): Promise<Changed> => {
    const index = await readIndex(store);
    const current = index.manifests.find((one) => nameOf(one) === name);
    if (current === undefined) return { kind: 'unchanged', replaced: null };
    if (current.digest !== digest) return { kind: 'other', digest: current.digest };
    await writeIndex(store, index, name, []);
    return { kind: 'written', replaced: digest };
  });
  // Also when the name was gone already: a run that was cut off here left the blobs.
  if (changed.kind !== 'other') {
    await dropUnreferenced(store, digest);
    await sweepOrphans(store);
  }
  return changed;
}

const mayReplace = (current: Digest | null, wanted: Digest, replaces: Digest | null): boolean =>
  current === null || current === wanted || current === replaces;

const writeIndex = (
  store: OciStore,
  index: OciIndex,
  name: string,
  entries: readonly Descriptor[],
): Promise<void> => {
  const others = index.manifests.filter((one) => nameOf(one) !== name);
  const text = indexText({ ...index, manifests: [...others, ...entries] });
  const { files, drafts } = store.io;
  return files.writeAtomic(indexPath(store.path), text, { drafts });
};

/** The index before the marker: a store that has the marker and no index has lost it. */
async function makeLayout(store: OciStore): Promise<void> {
  await inTurn(store.path, async () => {
    const { files, drafts } = store.io;
    if ((await files.stat(layoutPath(store.path))) !== null) return;
    const index = await readIndex(store);
    await files.writeAtomic(indexPath(store.path), indexText(index), { drafts });
    await files.writeAtomic(layoutPath(store.path), layoutText, { drafts });
  });
}
