// Who else needs what is in memory? Engines keep one runner per content, or per weights, for all
// names over it: unloading it for one name unloads it for the others.
import { type DesiredPlacement, staysLoaded } from '../core/desired.ts';
import { backendKey, type Placement, type PlacementKey, placementKey } from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import type { Action, ActionId } from '../core/plan.ts';
import { detailsOf, madeOf, sightOf, type World } from './world.ts';

export interface Sharing {
  /** The same content is wanted under another name, in memory or not. */
  readonly contentWanted: boolean;
  /** The runner is to stay for another name: of the same content, of the same weights, or not. */
  readonly stayingFor: 'content' | 'weights' | null;
  /** Another set keeps this very name in memory. */
  readonly keptUnderName: boolean;
}

/** `staying` are the placements that keep their content; all of them when it is left out. */
export function sharingOf(
  world: World,
  at: Placement,
  observed: ObservedPlacement,
  staying?: ReadonlySet<PlacementKey>,
): Sharing {
  let contentWanted = false;
  let stayingFor: Sharing['stayingFor'] = null;
  let keptUnderName = false;
  const own = placementKey(at);
  for (const other of world.desired.placements.values()) {
    if (staying?.has(other.key) === false) continue;
    if (other.key === own || other.host !== at.host || other.backend !== at.backend) continue;
    const sight = sightOf(world, other);
    if (sight.kind !== 'there') continue;
    const sameContent = sight.observed.digest === observed.digest;
    if (sameContent) contentWanted = true;
    if (!staysLoaded(other.residency) || sight.observed.loaded === null) continue;
    if (sameContent) stayingFor = 'content';
    else if (sameWeights(world, at, observed, sight.observed)) stayingFor ??= 'weights';
  }
  for (const other of keptByOthers(world, at)) {
    if (other.name === at.name) keptUnderName = true;
    else if (other.digest === observed.digest) stayingFor = 'content';
    else if (sameWeights(world, at, observed, other)) stayingFor ??= 'weights';
  }
  return { contentWanted, stayingFor, keptUnderName };
}

/** What other sets keep in memory there, this very name included. */
const keptByOthers = (world: World, at: Placement): readonly ObservedPlacement[] =>
  [...world.otherOwners.values()].flat().flatMap((entry): ObservedPlacement[] => {
    if (backendKey(entry) !== backendKey(at) || !staysLoaded(entry.residency)) return [];
    const sight = sightOf(world, entry);
    const isTheirs = sight.kind === 'there' && sight.observed.digest === entry.digest;
    return isTheirs && sight.observed.loaded !== null ? [sight.observed] : [];
  });

/** Whether both run on one runner, if the engine keeps one for all names over the same weights. */
export const sharesRunner = (
  world: World,
  at: Placement,
  one: ObservedPlacement,
  other: ObservedPlacement,
): boolean => one.digest === other.digest || sameWeights(world, at, one, other);

/**
 * Unloads that a load has to wait for: of the same weights under another name. Done after it, they
 * would undo it. What is in memory already keeps its runner: nothing of it is unloaded then.
 */
export function sharedUnloads(
  world: World,
  load: Action,
  unloads: readonly Action[],
): readonly ActionId[] {
  const placement = world.desired.placements.get(placementKey(load));
  if (placement === undefined) return [];
  const own = sightOf(world, placement);
  const there = own.kind === 'there' ? own.observed : null;
  if (there !== null && there.loaded !== null) return [];
  return unloads.flatMap((unload) => {
    if (unload.host !== load.host || unload.backend !== load.backend) return [];
    const sight = sightOf(world, unload);
    if (sight.kind !== 'there') return [];
    const shares =
      willShare(world, placement, unload, sight.observed) ||
      (there !== null && sharesRunner(world, unload, there, sight.observed));
    return shares ? [unload.id] : [];
  });
}

function willShare(
  world: World,
  { artifact, digest }: DesiredPlacement,
  at: Placement,
  observed: ObservedPlacement,
): boolean {
  const { weights } = detailsOf(world, at, observed) ?? { weights: null };
  return (
    observed.digest === digest ||
    weights === artifact.weights ||
    madeOf(world, at, observed.digest)?.revision === artifact.revision
  );
}

function sameWeights(
  world: World,
  at: Placement,
  one: ObservedPlacement,
  other: ObservedPlacement,
): boolean {
  const weights = detailsOf(world, at, one)?.weights ?? null;
  return weights !== null && weights === detailsOf(world, at, other)?.weights;
}
