// A file of a name on record, by its digest: what Git itself keeps is called otherwise in the cache.
import { huggingFaceCache } from '../../artifacts/stores/huggingface/index.ts';
import type { Digest } from '../../core/digest.ts';
import type { Io } from '../../io/io.ts';
import { isThere } from './look.ts';
import { readNames } from './names.ts';
import { placeOf } from './place.ts';

/** Not verified. Null where there is none. Throws as readNames does. */
export async function findNamed(
  io: Io,
  folder: string,
  digest: Digest,
  bytes: number,
): Promise<string | null> {
  const cache = huggingFaceCache(io, folder);
  for (const { versions } of (await readNames(placeOf(io, folder), io)).values()) {
    for (const version of versions) {
      const file = version.files.find((one) => one.digest === digest && one.bytes === bytes);
      if (file === undefined || !(await isThere(cache, version, file))) continue;
      const { repository, commit } = version;
      return (await cache.findFile({ repository, commit, path: file.path }))?.path ?? null;
    }
  }
  return null;
}
