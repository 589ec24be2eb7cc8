// What a look at a store of images tells beside its names. Reads only.
import { hasBlob, type OciStore } from '../../artifacts/stores/oci/blobs.ts';
import type { Artifact } from '../../core/artifact.ts';
import { mapBounded } from '../../core/concurrency.ts';
import type { Digest } from '../../core/digest.ts';
import type { Capacity, Details, ObservedPlacement } from '../../core/observed.ts';
import type { Question } from '../backend.ts';

const readsAtOnceMax = 16;

/** Of wanted artifacts that are not there as wanted: the files that need not be brought. */
export async function presentBlobs(
  store: OciStore,
  { wanted }: Question,
  placements: ReadonlyMap<string, ObservedPlacement>,
): Promise<ReadonlySet<Digest>> {
  const missing = [...wanted].filter(
    ([name, { digest }]) => placements.get(name)?.digest !== digest,
  );
  const files = new Map<Digest, Artifact['files'][number]>();
  for (const [, { artifact }] of missing) {
    for (const file of artifact.files) files.set(file.digest, file);
  }
  const present = new Set<Digest>();
  await mapBounded([...files.values()], readsAtOnceMax, async ({ digest, bytes }) => {
    if (await hasBlob(store, digest, bytes)) present.add(digest);
  });
  return present;
}

export async function diskOf({ path, io }: OciStore): Promise<Capacity> {
  const space = await io.files.space(path);
  return space === null ? { kind: 'unknown' } : { kind: 'known', ...space };
}

export function learnedFrom(
  placements: ReadonlyMap<string, ObservedPlacement>,
  { remembered }: Question,
): ReadonlyMap<Digest, Details> {
  const learned = new Map<Digest, Details>();
  for (const { digest, details } of placements.values()) {
    if (details !== null && !remembered.has(digest)) learned.set(digest, details);
  }
  return learned;
}
