// Which way into an Ollama is open: is its store a folder of this machine, ours to write to, and
// really that server's? Asked without writing. What answers on a loopback address may be a container
// or the end of a tunnel, so names, digests and times of the manifests on disk must be those that it
// lists. What that cannot settle, as with an empty store, is proven before the first write (proveStore
// in fill.ts).
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Access } from '../../core/way.ts';
import { errorCode } from '../../io/error-code.ts';
import { homeOf } from '../../io/home.ts';
import type { Files, Io } from '../../io/io.ts';
import { parseName } from './names.ts';
import {
  blobsFolder,
  manifestPath,
  manifestsFolder,
  readManifest,
  spelledAsStored,
  storedNames,
} from './store.ts';
import type { ListedModel, Listing } from './translate.ts';

/** What is asked of a reference. */
export type StoreOfServer = Pick<BackendReference, 'store' | 'files'>;

/** `files` only where all of it holds; a folder that cannot be read says no more than that. */
export async function accessOf(
  reference: StoreOfServer,
  listing: Listing,
  io: Io,
): Promise<Access> {
  const { store } = reference;
  if (store === null) return { way: 'api', stagesBeside: false };
  try {
    const stagesBeside = await io.files.onSameDisk(
      homeOf(io.environment).cache,
      blobsFolder(store),
    );
    const isOpen =
      (await isWritable(reference, io.files)) && (await holds(store, listing, io.files));
    return { way: isOpen ? 'files' : 'api', stagesBeside };
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return { way: 'api', stagesBeside: false };
  }
}

async function isWritable(
  { store, files: allowed }: StoreOfServer,
  files: Files,
): Promise<boolean> {
  if (store === null || (allowed !== undefined && allowed !== 'write')) return false;
  const [blobs, manifests] = await Promise.all([
    files.accessTo(blobsFolder(store)),
    files.accessTo(manifestsFolder(store)),
  ]);
  return blobs === 'write' && manifests === 'write';
}

/** The youngest tell most: they are not in a copy that was made of the store, or left behind. */
const comparedMax = 8;

/** Whether what the server lists is what stands in the folder. */
async function holds(store: string, listing: Listing, files: Files): Promise<boolean> {
  const listed = [...listing.models.values(), ...listing.quarantine];
  if (listed.length === 0) {
    for await (const _ of storedNames(files, store)) return listing.hidden > 0;
    return true;
  }
  const youngest = listed.toSorted((a, b) => b.modifiedAt - a.modifiedAt).slice(0, comparedMax);
  for (const one of youngest) if (!(await isSame(store, one, files))) return false;
  return true;
}

/** The time that is listed is that of the file; file systems differ in how finely they keep it. */
const sameTimeMs = 1000;

async function isSame(store: string, listed: ListedModel, files: Files): Promise<boolean> {
  const name = parseName(listed.name);
  if (name === null) return false;
  const path = manifestPath(store, await spelledAsStored(files, store, name));
  const stat = await files.stat(path);
  if (stat === null || Math.abs(stat.modifiedAt - listed.modifiedAt) >= sameTimeMs) return false;
  const manifest = await readManifest(files, path);
  return manifest?.revision === listed.digest;
}
