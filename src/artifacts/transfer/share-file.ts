// Files of the Hugging Face Hub in the cache that all of its tools use: what one engine has here by
// a second name of the same bytes, huggingface_hub and llama.cpp find too, and nobody fetches it
// again. Only where that costs no room: on the same disk.
import { join } from 'node:path';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import type { Digest } from '../../core/digest.ts';
import type { SharedFile, SharedFiles } from '../../core/shared-file.ts';
import type { Io } from '../../io/io.ts';
import { hubPlaceOf } from '../sources/huggingface/place.ts';
import { type HuggingFaceCache, huggingFaceCache } from '../stores/huggingface/index.ts';
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
  /** Takes out what no engine has any more. Throws ProblemError. */
  readonly sweep: (isNeeded: (digest: Digest, bytes: number) => Promise<boolean>) => Promise<void>;
}

export function createSharing(
  io: Io,
  files: SharedFiles,
  cache: HuggingFaceCache = huggingFaceCache(io),
): Sharing {
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
      await cache.put({
        repository,
        commit,
        ...(revision === commit ? {} : { ref: { name: revision, moves: hasOlder(ours, shared) } }),
        files: [fileOf(file)],
        obtain: async () => ({ path: obtained.path, shareable: true }),
        isOurs: (path) => ours.some((one) => path.endsWith(join(one.commit, one.path))),
        onBytes: () => undefined,
        signal,
      });
    },
    sweep: async (isNeeded) => {
      for (const shared of files.all()) {
        if (shared.cache !== cache.path || (await isNeeded(shared.digest, shared.bytes))) continue;
        const { repository, commit } = shared;
        const { kept } = await cache.remove({
          repository,
          commit,
          files: [fileOf(shared)],
          signal: AbortSignal.timeout(removalMsMax),
        });
        // What another program is at work on now is looked at again next time.
        if (
          kept.every(({ because }) => because === 'other-content' || because === 'other-snapshot')
        )
          files.drop(shared);
      }
    },
  };
}

/** It takes names away, not bytes; a disk that hangs must not keep the run. */
const removalMsMax = 60_000;

const fileOf = ({ path, digest, bytes }: Pick<SharedFile, 'path' | 'digest' | 'bytes'>) => ({
  path,
  digest,
  bytes,
});

const sameFile = (a: SharedFile, b: SharedFile): boolean =>
  a.repository === b.repository && a.commit === b.commit && a.path === b.path;

/** A branch moves on with us where we brought what it led to. */
const hasOlder = (ours: readonly SharedFile[], { repository, commit }: SharedFile): boolean =>
  ours.some((one) => one.repository === repository && one.commit !== commit);
