// Files of the Hugging Face Hub in the cache that all of its tools use: what one engine has here by
// a second name of the same bytes, huggingface_hub and llama.cpp find too, and nobody fetches it
// again. Only where that costs no room: on the same disk.
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import type { SharedFile, SharedFiles } from '../../core/shared-file.ts';
import type { Io } from '../../io/io.ts';
import { hubPlaceOf } from '../sources/huggingface/place.ts';
import { type HuggingFaceCache, huggingFaceCache } from '../stores/huggingface/index.ts';
import type { CacheFile } from '../stores/huggingface/layout.ts';
import type { ObtainedFile } from './obtained.ts';

export interface Sharing {
  /**
   * Names a verified file in the cache as well; what cannot be shared stays as it is. Throws
   * ProblemError.
   */
  readonly share: (
    artifact: Artifact,
    file: ArtifactFile,
    obtained: ObtainedFile,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Takes out of all caches what is ours and nothing needs any more. Throws ProblemError. */
  readonly sweep: (isNeeded: (file: SharedFile) => Promise<boolean>) => Promise<void>;
}

export function createSharing(options: {
  readonly io: Io;
  readonly files: SharedFiles;
  /** Absolute path of the cache to share in. */
  readonly folder: string;
  /** Whether a file is there for the cache's own sake, now: then its branch stays where it leads. */
  readonly kept: () => (file: SharedFile) => Promise<boolean>;
}): Sharing {
  const { io, files, kept } = options;
  const cache = huggingFaceCache(io, options.folder);
  return {
    share: async (artifact, file, obtained, signal) => {
      const place = hubPlaceOf(artifact);
      if (place === null || !(await io.files.onSameDisk(obtained.path, cache.path))) return;
      const { repository, commit, revision } = place;
      const shared = { cache: cache.path, repository, commit, ...fileOf(file) };
      const ours = files.all().filter((one) => one.cache === cache.path);
      // What others brought is not ours to take out later.
      if ((await cache.findFile({ repository, commit, path: file.path })) !== null) {
        if (!ours.some((one) => sameFile(one, shared))) return;
      } else files.add(shared);
      const moves = await mayMove(ours, shared, kept());
      await cache.put({
        repository,
        commit,
        ...(revision === commit ? {} : { ref: { name: revision, moves } }),
        files: [fileOf(file)],
        obtain: async () => ({ path: obtained.path, shareable: true }),
        isOurs: (path) => ours.some((one) => sameFile(one, { ...shared, path })),
        onBytes: () => undefined,
        signal,
      });
    },
    sweep: async (isNeeded) => {
      for (const shared of files.all()) {
        if (!(await isNeeded(shared))) await takeOut(shared, { io, files, cache });
      }
    },
  };
}

/** It takes names away, not bytes; a disk that hangs must not keep the run. */
const removalMsMax = 60_000;

async function takeOut(
  shared: SharedFile,
  at: { readonly io: Io; readonly files: SharedFiles; readonly cache: HuggingFaceCache },
): Promise<void> {
  const { repository, commit } = shared;
  const cache = shared.cache === at.cache.path ? at.cache : huggingFaceCache(at.io, shared.cache);
  const { kept } = await cache.remove({
    repository,
    commit,
    files: [fileOf(shared)],
    signal: AbortSignal.timeout(removalMsMax),
  });
  // What another program is at work on now is looked at again next time.
  if (kept.every(({ because }) => because === 'other-content' || because === 'other-snapshot'))
    at.files.drop(shared);
}

const fileOf = ({ path, digest, bytes, gitSha1 }: CacheFile): CacheFile => ({
  path,
  digest,
  bytes,
  ...(gitSha1 === undefined ? {} : { gitSha1 }),
});

const sameFile = (a: SharedFile, b: SharedFile): boolean =>
  a.repository === b.repository && a.commit === b.commit && a.path === b.path;

/** A branch moves on with us where we brought what it led to, and for no other purpose. */
async function mayMove(
  ours: readonly SharedFile[],
  { repository, commit }: SharedFile,
  isKept: (file: SharedFile) => Promise<boolean>,
): Promise<boolean> {
  const older = ours.filter((one) => one.repository === repository && one.commit !== commit);
  for (const one of older) if (await isKept(one)) return false;
  return older.length > 0;
}
