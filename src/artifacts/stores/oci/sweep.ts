// Which blobs may go: those that no manifest in the index leads to and nobody is just building
// with. Whatever cannot be followed (a manifest that is gone, a media type of others) might need
// any blob, and then everything stays.
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../../core/digest.ts';
import { type OciStore, temporarySuffix } from './blobs.ts';
import { inTurn, isHeld } from './exclusive.ts';
import { parseImage } from './image.ts';
import {
  blobFolder,
  blobPath,
  type Descriptor,
  indexMediaType,
  manifestMediaType,
  parseIndex,
} from './layout.ts';
import { readIndex } from './read.ts';

/** Younger ones may belong to a build of another process that is still running. */
const orphanAgeMs = 24 * 3_600_000;
const manifestBytesMax = 4 * 1024 * 1024;
/** Indexes within indexes: nobody nests deeper, and a loop must end. */
const nestingMax = 4;

/** Removes what the manifest refers to, and nothing in the index still does. */
export async function dropUnreferenced(store: OciStore, digest: Digest): Promise<void> {
  await inTurn(store.path, async () => {
    const candidates = await referencesOf(
      store,
      { mediaType: manifestMediaType, digest, size: 0 },
      0,
    );
    const needed = await neededBlobs(store);
    if (candidates === null || needed === null) return;
    // The manifest last: while it is there, a run that was cut off can find the rest again.
    const blobs = [...candidates].filter((one) => one !== digest);
    for (const blob of [...blobs, digest]) {
      if (needed.has(blob) || isHeld(store.path, blob)) continue;
      await store.io.files.remove(blobPath(store.path, blob));
    }
  });
}

/** Removes blobs and temporary files that builds left behind more than a day ago. */
export async function sweepOrphans(store: OciStore): Promise<void> {
  const { files, clock } = store.io;
  await inTurn(store.path, async () => {
    const folder = blobFolder(store.path);
    if ((await files.stat(folder)) === null) return;
    const needed = await neededBlobs(store);
    if (needed === null) return;
    for (const { name, kind } of await files.list(folder)) {
      const digest = parseDigest(name);
      if (kind !== 'file' || (digest === null && !isTemporary(name))) continue;
      if (digest !== null && (needed.has(digest) || isHeld(store.path, digest))) continue;
      const found = await files.stat(join(folder, name));
      if (found === null || clock.now() - found.modifiedAt < orphanAgeMs) continue;
      await files.remove(join(folder, name));
    }
  });
}

const isTemporary = (name: string): boolean =>
  name.endsWith(temporarySuffix) || /^\.modelctl-.*\.tmp$/.test(name);

/** Null when some entry cannot be followed. */
async function neededBlobs(store: OciStore): Promise<ReadonlySet<Digest> | null> {
  const needed = new Set<Digest>();
  for (const entry of (await readIndex(store)).manifests) {
    const references = await referencesOf(store, entry, 0);
    if (references === null) return null;
    for (const digest of references) needed.add(digest);
  }
  return needed;
}

async function referencesOf(
  store: OciStore,
  entry: Descriptor,
  depth: number,
): Promise<readonly Digest[] | null> {
  const { files } = store.io;
  const path = blobPath(store.path, entry.digest);
  const known = entry.mediaType === manifestMediaType || entry.mediaType === indexMediaType;
  if (!known || depth > nestingMax || (await files.stat(path)) === null) return null;
  const text = Buffer.from(await files.readBytes(path, manifestBytesMax)).toString('utf8');
  if (entry.mediaType === manifestMediaType) {
    return parseImage(text, entry.digest)?.references ?? null;
  }
  const nested = parseIndex(text);
  if (nested === null) return null;
  const all: Digest[] = [entry.digest];
  for (const one of nested.manifests) {
    const references = await referencesOf(store, one, depth + 1);
    if (references === null) return null;
    all.push(...references);
  }
  return all;
}

/**
 * Removes what killed runs left half written, however young: for a store in which nobody else is at
 * work.
 */
export const dropTemporaries = (store: OciStore): Promise<void> => dropWhere(store, isTemporary);

/** The same, and every blob that no name leads to. */
export async function dropUnnamed(store: OciStore): Promise<void> {
  const needed = await neededBlobs(store);
  if (needed === null) return;
  await dropWhere(store, (name) => {
    const digest = parseDigest(name);
    return digest === null ? isTemporary(name) : !needed.has(digest);
  });
}

async function dropWhere(store: OciStore, isLeft: (name: string) => boolean): Promise<void> {
  const { files } = store.io;
  const folder = blobFolder(store.path);
  if ((await files.stat(folder)) === null) return;
  for (const { name, kind } of await files.list(folder)) {
    if (kind === 'file' && isLeft(name)) await files.remove(join(folder, name));
  }
}
