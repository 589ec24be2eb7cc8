// Reading the store: which names there are, what each points at, and whether all of it is there.
// No folder is an empty store; a folder whose index is missing, torn or of another kind is a
// problem, because reading it as empty would have everything built anew or swept away.
import { compareText } from '../../../core/canonical.ts';
import type { LoadOptions } from '../../../core/desired.ts';
import type { Digest } from '../../../core/digest.ts';
import { sha256Text } from '../../../core/hash.ts';
import { errorProblem, type Problem, ProblemError } from '../../../core/problem.ts';
import { errorCode, isAbsent } from '../../../io/error-code.ts';
import { hasBlob, type OciStore } from './blobs.ts';
import { parseImage, type StoredImage } from './image.ts';
import {
  blobPath,
  type Descriptor,
  emptyIndex,
  indexPath,
  layoutPath,
  nameOf,
  type OciIndex,
  parseIndex,
} from './layout.ts';
import { parseLoad } from './recipe.ts';

/** Which name an alias is another name of, on engines that need to know. */
export const aliasAnnotation = 'dev.modelctl.alias-of';

/** Which of our options a client's own request loads a name with. */
export const loadAnnotation = 'dev.modelctl.load';

export interface StoredName {
  readonly name: string;
  readonly digest: Digest;
  /** Null when its manifest is gone, damaged or no image manifest. */
  readonly image: StoredImage | null;
  /** All that the manifest refers to is there, with the right size. */
  readonly whole: boolean;
  readonly load: LoadOptions;
  readonly aliasOf: string | null;
}

const indexBytesMax = 64 * 1024 * 1024;
/** What registries are asked to accept at the least (OCI distribution specification). */
const manifestBytesMax = 4 * 1024 * 1024;
const readsAtOnceMax = 32;

/** Sorted by name. Throws ProblemError when the index cannot be used. */
export async function readNames(store: OciStore): Promise<readonly StoredName[]> {
  const { manifests } = await readIndex(store);
  const named = manifests.filter((descriptor, at) => {
    const name = nameOf(descriptor);
    return name !== null && manifests.findIndex((other) => nameOf(other) === name) === at;
  });
  const names: StoredName[] = [];
  for (let at = 0; at < named.length; at += readsAtOnceMax) {
    const batch = named.slice(at, at + readsAtOnceMax);
    names.push(...(await Promise.all(batch.map((one) => readName(store, one)))));
  }
  return names.toSorted((a, b) => compareText(a.name, b.name));
}

export async function findName(store: OciStore, name: string): Promise<StoredName | null> {
  const { manifests } = await readIndex(store);
  const descriptor = manifests.find((one) => nameOf(one) === name);
  return descriptor === undefined ? null : readName(store, descriptor);
}

async function readName(store: OciStore, descriptor: Descriptor): Promise<StoredName> {
  const image = await readImage(store, descriptor.digest);
  return {
    name: nameOf(descriptor) ?? '',
    digest: descriptor.digest,
    image,
    whole: image !== null && (await isWhole(store, image)),
    load: parseLoad(descriptor.annotations?.[loadAnnotation]),
    aliasOf: descriptor.annotations?.[aliasAnnotation] ?? null,
  };
}

export async function readImage(store: OciStore, digest: Digest): Promise<StoredImage | null> {
  const text = await readText(store, blobPath(store.path, digest), manifestBytesMax);
  return text === null || sha256Text(text) !== digest ? null : parseImage(text, digest);
}

async function isWhole(store: OciStore, image: StoredImage): Promise<boolean> {
  const sizes = new Map(image.layers.map((layer) => [layer.digest, layer.bytes]));
  for (const digest of image.references) {
    const bytes = sizes.get(digest);
    const there =
      bytes === undefined
        ? (await store.io.files.stat(blobPath(store.path, digest)))?.kind === 'file'
        : await hasBlob(store, digest, bytes);
    if (!there) return false;
  }
  return true;
}

/** An empty index when there is no store yet. Throws ProblemError when there is no telling. */
export async function readIndex(store: OciStore): Promise<OciIndex> {
  const path = indexPath(store.path);
  const text = await readText(store, path, indexBytesMax);
  if (text === null) {
    const begun = await store.io.files.stat(layoutPath(store.path));
    if (begun !== null)
      throw new ProblemError(unreadable(path, 'is gone, though the store is there'));
    return emptyIndex;
  }
  const index = parseIndex(text);
  if (index === null) throw new ProblemError(unreadable(path, 'is no OCI image index'));
  return index;
}

/** Null when nothing is there. What stands in the way of reading is a problem of the store. */
async function readText(store: OciStore, path: string, bytesMax: number): Promise<string | null> {
  try {
    return Buffer.from(await store.io.files.readBytes(path, bytesMax)).toString('utf8');
  } catch (error) {
    if (isAbsent(error)) return null;
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new ProblemError(unreadable(path, `cannot be read (${code})`), { cause: error });
  }
}

const unreadable = (path: string, why: string): Problem =>
  errorProblem({
    code: 'store/unreadable',
    summary: 'The store of an engine cannot be read',
    detail: `${path} ${why}. It is not taken for empty: nothing is pulled to it or removed from it.`,
    remedy:
      'Put the file back from a backup, or move the folder of the store aside to begin with an ' +
      'empty one; then apply again.',
    retry: 'later',
  });
