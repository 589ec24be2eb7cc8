// Is a version of a model in the cache? Names and sizes only: hashing is `verify`'s.
import { isAsNamed } from '../../artifacts/stores/huggingface/find.ts';
import type { HuggingFaceCache } from '../../artifacts/stores/huggingface/index.ts';
import type { CacheFile } from '../../artifacts/stores/huggingface/layout.ts';
import type { StoredName, Version } from './names.ts';

export async function isThere(
  cache: HuggingFaceCache,
  { repository, commit }: Pick<Version, 'repository' | 'commit'>,
  file: CacheFile,
): Promise<boolean> {
  const found = await cache.findFile({ repository, commit, path: file.path });
  return found !== null && isAsNamed(found, file);
}

export async function isWhole(cache: HuggingFaceCache, version: Version): Promise<boolean> {
  for (const file of version.files) {
    if (!(await isThere(cache, version, file))) return false;
  }
  return true;
}

/** The newest version of which everything is there; null without. */
export async function wholeVersion(
  cache: HuggingFaceCache,
  { versions }: Pick<StoredName, 'versions'>,
): Promise<Version | null> {
  for (const version of versions) if (await isWhole(cache, version)) return version;
  return null;
}
