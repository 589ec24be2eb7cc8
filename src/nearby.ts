// Which of the bytes that engines lack are on this machine all the same, in a store of another
// engine or tool: they need no download, and the plan says so. Looks at names only, and only for
// what is missing somewhere.
import type { ArtifactFile } from './core/artifact.ts';
import type { BackendReference } from './core/backend-reference.ts';
import { mapBounded } from './core/concurrency.ts';
import type { Desired, DesiredPlacement } from './core/desired.ts';
import type { Digest } from './core/digest.ts';
import { backendKey } from './core/key.ts';
import type { Observed } from './core/observed.ts';
import type { Io } from './io/io.ts';

const looksAtOnceMax = 8;

export async function withNearby(
  observed: Observed,
  desired: Desired,
  references: readonly BackendReference[],
  io: Io,
): Promise<Observed> {
  const lacking = new Map<Digest, ArtifactFile>();
  for (const placement of desired.placements.values()) {
    for (const file of lackingFiles(observed, placement)) lacking.set(file.digest, file);
  }
  if (lacking.size === 0) return observed;
  // A run that lacks nothing does without them.
  const { isInAny, localStores } = await import('./local-stores.ts');
  const stores = localStores(references, io);
  const found = await mapBounded([...lacking.values()], looksAtOnceMax, async (file) =>
    (await isInAny(stores, file)) ? [file.digest] : [],
  );
  return { ...observed, nearby: new Set(found.flat()) };
}

function lackingFiles(observed: Observed, placement: DesiredPlacement): readonly ArtifactFile[] {
  const backend = observed.backends.get(backendKey(placement));
  const isMade = placement.build.kind !== 'source' || placement.artifact.source.startsWith('file:');
  if (backend?.kind !== 'reachable' || isMade) return [];
  const there = backend.placements.get(placement.name);
  const isRight = placement.digest === null || placement.digest === there?.digest;
  if (there !== undefined && isRight) return [];
  return placement.artifact.files.filter(({ digest }) => !backend.presentBlobs.has(digest));
}
