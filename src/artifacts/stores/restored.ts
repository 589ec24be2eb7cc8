// Where `restore` leaves bytes for the next apply: an OCI image layout of its own in the cache. A name
// in it is one line of a set's lock. It goes when an apply of that set has used it, or after a time
// when none ever came; then its blobs go with it.
import { posix } from 'node:path';
import type { Digest } from '../../core/digest.ts';
import type { OciStore } from './oci/blobs.ts';
import { blobPath } from './oci/layout.ts';
import { readNames } from './oci/read.ts';
import { sweepOrphans } from './oci/sweep.ts';
import { removeName } from './oci/write.ts';

export const restoredFolder = (cacheFolder: string): string => posix.join(cacheFolder, 'restored');

/** Unique for a line of the lock of a set; the id of a set has no bar in it. */
export const restoredName = (set: string, line: string): string => `${set}|${line}`;

/** What nobody applied within this time is taken for given up; the bundle is still where it was. */
const unusedMsMax = 14 * 24 * 3_600_000;

export interface Used {
  readonly set: string;
  /** Files that an apply of the set has installed. */
  readonly installed: ReadonlySet<Digest>;
  /** Files that a later one still needs. */
  readonly wanted: ReadonlySet<Digest>;
}

/** Call it under the lock of this machine, when a run has ended. */
export async function releaseRestored(
  io: OciStore['io'],
  cacheFolder: string,
  { set, installed, wanted }: Used,
): Promise<void> {
  const store: OciStore = { path: restoredFolder(cacheFolder), io };
  if ((await io.files.stat(store.path)) === null) return;
  for (const { name, digest, image } of await readNames(store)) {
    const layers = image?.layers.map((layer) => layer.digest) ?? [];
    const isUsed =
      name.startsWith(restoredName(set, '')) &&
      layers.some((layer) => installed.has(layer)) &&
      !layers.some((layer) => wanted.has(layer));
    const manifest = await io.files.stat(blobPath(store.path, digest));
    const ageMs = manifest === null ? unusedMsMax : io.clock.now() - manifest.modifiedAt;
    if (isUsed || ageMs >= unusedMsMax) await removeName(store, name, digest);
  }
  await sweepOrphans(store);
}
