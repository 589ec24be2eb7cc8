// What an action costs, in bytes. What is shared is counted once: a blob that is there already, or
// that an earlier action of the same plan brings, costs nothing again.
import type { Artifact } from '../core/artifact.ts';
import type { DesiredPlacement } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import { backendKey } from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import type { ActionBytes } from '../core/plan.ts';
import { detailsOf, observationOf, type World } from './world.ts';

/** Blobs that earlier actions of this plan bring, by `backendKey`. Grows while planning. */
export type Coming = Map<string, Set<Digest>>;

export const noBytes: ActionBytes = { download: 0, disk: 0, memory: null };

export function buildBytes(
  world: World,
  placement: DesiredPlacement,
  coming: Coming,
): ActionBytes {
  if (placement.build.kind !== 'source') return noBytes;
  const missing = missingBytes(world, placement, coming);
  const download = isLocal(placement.artifact) ? 0 : missing;
  // An engine that rewrites what it imports holds both copies for a while; both are reserved.
  const copies = placement.digest === null ? 2 : 1;
  return { download, disk: missing * copies, memory: null };
}

function missingBytes(world: World, placement: DesiredPlacement, coming: Coming): number {
  const backend = observationOf(world, placement);
  const present = backend?.kind === 'reachable' ? backend.presentBlobs : new Set<Digest>();
  const key = backendKey(placement);
  const arriving = coming.get(key) ?? new Set<Digest>();
  coming.set(key, arriving);
  let bytes = 0;
  for (const file of placement.artifact.files) {
    if (present.has(file.digest) || arriving.has(file.digest)) continue;
    arriving.add(file.digest);
    bytes += file.bytes;
  }
  return bytes;
}

const isLocal = (artifact: Artifact): boolean => artifact.source.startsWith('file:');

/** Memory that a load takes at the least: the weights. Context and buffers come on top. */
export const loadBytes = (placement: DesiredPlacement): ActionBytes => ({
  download: 0,
  disk: 0,
  memory: placement.artifact.files.reduce((sum, file) => sum + file.bytes, 0),
});

/**
 * What an eviction frees, as a negative figure: nothing when another name keeps the same content,
 * null when the engine does not tell what its names share.
 */
export function evictBytes(
  world: World,
  at: { readonly host: string; readonly backend: string; readonly name: string },
  observed: ObservedPlacement,
): ActionBytes {
  const backend = observationOf(world, at);
  if (backend?.kind !== 'reachable') return { ...noBytes, disk: null };
  const own = detailsOf(world, at, observed)?.weights ?? null;
  let unsure = false;
  for (const other of backend.placements.values()) {
    if (other.name === at.name) continue;
    if (other.digest === observed.digest) return noBytes;
    const weights = detailsOf(world, { ...at, name: other.name }, other)?.weights ?? null;
    if (own !== null && weights === own) return noBytes;
    if (own === null || weights === null) unsure = true;
  }
  return { ...noBytes, disk: unsure ? null : 0 - observed.bytes };
}
