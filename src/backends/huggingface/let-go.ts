// Takes versions of models out of the cache: what is ours of them, as far as no name and no engine
// needs it. What other tools brought stays, and so does what they need or are at work on.
import {
  type HuggingFaceCache,
  huggingFaceCache,
} from '../../artifacts/stores/huggingface/index.ts';
import type { CacheFile } from '../../artifacts/stores/huggingface/layout.ts';
import type { Kept } from '../../artifacts/stores/huggingface/plan-removal.ts';
import type { SharedFile } from '../../core/shared-file.ts';
import type { PerformContext } from '../backend.ts';
import { neededBy, readNames, type Version } from './names.ts';
import type { Place } from './place.ts';

/** The row of a file in the list of what is ours. */
export const sharedFile = (
  { cache }: Place,
  { repository, commit }: Pick<Version, 'repository' | 'commit'>,
  file: CacheFile,
): SharedFile => ({ cache, repository, commit, ...file });

/** Whether a file is on that list, as it was when this was asked for. */
export function ownership(
  { cache }: Place,
  { sharedFiles }: Pick<PerformContext, 'sharedFiles'>,
): (at: Pick<Version, 'repository' | 'commit'>, path: string) => boolean {
  const keyOf = (...parts: readonly string[]): string => parts.join('\0');
  const rows = sharedFiles.all().filter((row) => row.cache === cache);
  const ours = new Set(rows.map((row) => keyOf(row.repository, row.commit, row.path)));
  return ({ repository, commit }, path) => ours.has(keyOf(repository, commit, path));
}

/**
 * `found`: a model of which nothing is ours was found there; it goes only where a person agreed to
 * that. Safe to repeat. Returns what stays although it should have gone.
 */
export async function letGo(
  place: Place,
  versions: readonly Version[],
  found: 'stays' | 'goes',
  context: PerformContext,
): Promise<readonly Kept[]> {
  const cache = huggingFaceCache(context.io, place.cache);
  const isNeeded = neededBy(await readNames(place, context.io));
  const isOurs = ownership(place, context);
  const kept: Kept[] = [];
  for (const version of versions) {
    const { repository, commit } = version;
    const wasFound = !version.files.some(({ path }) => isOurs(version, path));
    const mayGo = version.files.filter(
      ({ path }) =>
        !isNeeded({ repository, commit, path }) &&
        (isOurs(version, path) || (wasFound && found === 'goes')),
    );
    const going: CacheFile[] = [];
    for (const file of mayGo) {
      if (!(await context.isStored({ cache: place.cache, ...file }))) going.push(file);
    }
    kept.push(...(await remove(cache, version, going, { place, context })));
  }
  return kept;
}

async function remove(
  cache: HuggingFaceCache,
  version: Version,
  files: readonly CacheFile[],
  { place, context }: { readonly place: Place; readonly context: PerformContext },
): Promise<readonly Kept[]> {
  if (files.length === 0) return [];
  const { repository, commit } = version;
  const { kept } = await cache.remove({ repository, commit, files, signal: context.signal });
  for (const file of files) {
    const because = kept.find((one) => one.file.path === file.path)?.because;
    // What another program is at work on stays ours, and is looked at again after other runs.
    if (because === 'in-use' || because === 'not-all-read') continue;
    context.sharedFiles.drop(sharedFile(place, version, file));
  }
  return kept;
}
