// What an action costs, in bytes. What is shared is counted once: a blob that is there already, or
// that an earlier action of the same plan brings, costs nothing again.
import { type Artifact, type ArtifactFile, artifactBytes } from '../core/artifact.ts';
import { adapterArtifact, type DesiredPlacement } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import { backendKey, placementKey } from '../core/key.ts';
import type { Action, ActionBytes, ActionId } from '../core/plan.ts';
import type { Access, Way } from '../core/way.ts';
import { observationOf, type World } from './world.ts';

/** Blobs that earlier actions of this plan bring, by `backendKey`. Grows while planning. */
export type Coming = Map<string, Set<Digest>>;

export const noBytes: ActionBytes = { download: 0, disk: 0, memory: null };

export function buildBytes(world: World, placement: DesiredPlacement, coming: Coming): ActionBytes {
  let download = 0;
  let disk = 0;
  for (const artifact of broughtBy(placement)) {
    const missing = missingFiles(world, placement, artifact, coming);
    const fetched = isLocal(artifact)
      ? []
      : missing.filter(({ digest }) => !isNearby(world, digest));
    download += sizeOf(fetched);
    disk += sizeOf(missing);
    // What is handed over a connection is a copy of what was fetched.
    if (isStagedTwice(world, placement)) disk += sizeOf(fetched);
  }
  // An engine that rewrites what it imports makes a copy of its own, whatever was there before; it
  // holds both for a while, and both are reserved.
  const isRewritten = placement.build.kind === 'source' && placement.digest === null;
  if (isRewritten) disk += artifactBytes(placement.artifact);
  return { download, disk, memory: null };
}

/**
 * The best way that is open; nothing for what the engine makes of what it has already. Without the
 * manifest itself there is nothing to put beside the files of a pulled model.
 */
export function wayOf(world: World, placement: DesiredPlacement): { readonly way?: Way } {
  const access = accessOf(world, placement);
  if (placement.build.kind !== 'source' || access === undefined) return {};
  return { way: comesThroughApi(access, placement) ? 'api' : access.way };
}

/** Whether the engine has to be asked to pull it, whatever it is handed before that. */
export const comesThroughApi = (
  access: Access | undefined,
  { build, digest, artifact }: DesiredPlacement,
): boolean =>
  access !== undefined &&
  build.kind === 'source' &&
  digest !== null &&
  (access.way === 'api' || artifact.manifest === undefined);

const isStagedTwice = (world: World, placement: DesiredPlacement): boolean =>
  accessOf(world, placement)?.stagesBeside === true && wayOf(world, placement).way !== 'files';

function accessOf(world: World, placement: DesiredPlacement): Access | undefined {
  const backend = observationOf(world, placement);
  return backend?.kind === 'reachable' ? backend.access : undefined;
}

/** Weights and adapters that the builds of one backend need not bring, since they are there. */
export function reusedBlobs(
  world: World,
  backend: string,
  builds: readonly Action[],
): ReadonlySet<Digest> {
  const observed = world.observed.backends.get(backend);
  if (observed?.kind !== 'reachable') return new Set();
  const brought = builds
    .filter((build) => backendKey(build) === backend)
    .flatMap((build) => {
      const placement = world.desired.placements.get(placementKey(build));
      return placement === undefined ? [] : broughtBy(placement);
    });
  return new Set(
    brought.map(({ weights }) => weights).filter((digest) => observed.presentBlobs.has(digest)),
  );
}

/**
 * Builds of other engines that count on what one engine has, by what they count on: what they bring
 * is fetched from nowhere, since it is on this machine already.
 */
export function nearbyBuilds(
  world: World,
  backend: string,
  builds: readonly Action[],
): ReadonlyMap<Digest, readonly ActionId[]> {
  const counting = new Map<Digest, ActionId[]>();
  for (const build of builds) {
    const placement = world.desired.placements.get(placementKey(build));
    if (placement === undefined || backendKey(build) === backend) continue;
    for (const { weights, files } of broughtBy(placement)) {
      const isCounted = files.some(({ digest }) => isNearby(world, digest));
      if (isCounted) counting.set(weights, [...(counting.get(weights) ?? []), build.id]);
    }
  }
  return counting;
}

/** A derived name brings its adapters; an alias brings nothing. */
function broughtBy({ build, artifact }: DesiredPlacement): readonly Artifact[] {
  switch (build.kind) {
    case 'source':
      return [artifact];
    case 'derive':
      return (build.recipe.adapters ?? []).map(adapterArtifact);
    case 'alias':
      return [];
  }
}

function missingFiles(
  world: World,
  placement: DesiredPlacement,
  artifact: Artifact,
  coming: Coming,
): readonly ArtifactFile[] {
  const backend = observationOf(world, placement);
  const present = backend?.kind === 'reachable' ? backend.presentBlobs : new Set<Digest>();
  const key = backendKey(placement);
  const arriving = coming.get(key) ?? new Set<Digest>();
  coming.set(key, arriving);
  return artifact.files.filter(({ digest }) => {
    if (present.has(digest) || arriving.has(digest)) return false;
    arriving.add(digest);
    return true;
  });
}

const isNearby = ({ observed }: World, digest: Digest): boolean =>
  observed.nearby?.has(digest) ?? false;

const sizeOf = (files: readonly ArtifactFile[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);

const isLocal = (artifact: Artifact): boolean => artifact.source.startsWith('file:');

/** Memory that a load takes at the least: the weights. Context and buffers come on top. */
export const loadBytes = (placement: DesiredPlacement): ActionBytes => ({
  download: 0,
  disk: 0,
  memory: placement.artifact.files.reduce((sum, file) => sum + file.bytes, 0),
});
