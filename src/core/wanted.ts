// One digest of all that a placement asks of its engine: as long as it is the same, nobody has edited
// what is wanted, and whatever differs then is somebody else's doing. Pure.
import type { DesiredPlacement } from './desired.ts';
import type { Digest } from './digest.ts';
import { sha256Json } from './hash.ts';

/** Placements never change: what was hashed once need not be hashed with every look of a loop. */
const known = new WeakMap<DesiredPlacement, Digest>();

export function wantedDigest(placement: DesiredPlacement): Digest {
  const before = known.get(placement);
  if (before !== undefined) return before;
  const { artifact, build, residency, load } = placement;
  const digest = sha256Json({ revision: artifact.revision, build, residency, load });
  known.set(placement, digest);
  return digest;
}
