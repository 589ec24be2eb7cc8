// Who else needs what is in memory? Engines keep one runner per content, or per weights, for all
// names over it: unloading it for one name unloads it for the others.
import { staysLoaded } from '../core/desired.ts';
import type { Placement } from '../core/key.ts';
import { placementKey } from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import { detailsOf, sightOf, type World } from './world.ts';

export interface Sharing {
  /** The same content is wanted under another name, in memory or not. */
  readonly contentWanted: boolean;
  /** The runner is to stay for another name: of the same content, of the same weights, or not. */
  readonly stayingFor: 'content' | 'weights' | null;
}

export function sharingOf(world: World, at: Placement, observed: ObservedPlacement): Sharing {
  let contentWanted = false;
  let stayingFor: Sharing['stayingFor'] = null;
  const own = placementKey(at);
  for (const other of world.desired.placements.values()) {
    if (other.key === own || other.host !== at.host || other.backend !== at.backend) continue;
    const sight = sightOf(world, other);
    if (sight.kind !== 'there') continue;
    const sameContent = sight.observed.digest === observed.digest;
    if (sameContent) contentWanted = true;
    if (!staysLoaded(other.residency) || sight.observed.loaded === null) continue;
    if (sameContent) stayingFor = 'content';
    else if (sameWeights(world, at, observed, sight.observed)) stayingFor ??= 'weights';
  }
  return { contentWanted, stayingFor };
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
