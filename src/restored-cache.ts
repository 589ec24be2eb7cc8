// Files of the Hugging Face Hub go into the cache that its own tools read, under the commit that the
// lock names. A second name for the same bytes where the file system can.
import { hubPlaceOf } from './artifacts/sources/huggingface/place.ts';
import { huggingFaceCache } from './artifacts/stores/huggingface/index.ts';
import type { OciStore } from './artifacts/stores/oci/blobs.ts';
import { blobPath } from './artifacts/stores/oci/layout.ts';
import type { Artifact } from './core/artifact.ts';
import { type Problem, ProblemError } from './core/problem.ts';
import type { Io } from './io/io.ts';

export interface Cached {
  /** Absolute: the cache that has the files now; null when they stay in the store. */
  readonly folder: string | null;
  /** Why they do, where they could have been there. */
  readonly problem: Problem | null;
}

/** Refs are written last, and one that leads elsewhere here stays as it is. */
export async function intoCache(
  artifact: Artifact,
  store: OciStore,
  io: Io,
  signal: AbortSignal,
): Promise<Cached> {
  const place = hubPlaceOf(artifact);
  if (place === null) return { folder: null, problem: null };
  const { repository, commit, revision } = place;
  const cache = huggingFaceCache(io);
  try {
    await cache.put({
      repository,
      commit,
      files: artifact.files,
      ...(revision === commit ? {} : { ref: { name: revision, moves: false } }),
      obtain: async ({ digest }) => ({ path: blobPath(store.path, digest), shareable: true }),
      isOurs: () => false,
      onBytes: () => undefined,
      signal,
    });
    return { folder: cache.path, problem: null };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    // The bytes are in the store, from where an apply takes them all the same.
    return { folder: null, problem: { ...error.problem, severity: 'warning' } };
  }
}
