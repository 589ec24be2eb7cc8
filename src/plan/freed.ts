// What evictions free. Names share bytes: a blob goes with the last name over it, and an engine that
// does not tell what its names share leaves that unknown, which is not zero.
import type { Digest } from '../core/digest.ts';
import { backendKey, type Placement } from '../core/key.ts';
import type { ObservedPlacement } from '../core/observed.ts';
import { detailsOf, observationOf, type World } from './world.ts';

export interface Eviction {
  readonly at: Placement;
  readonly observed: ObservedPlacement;
  /** What is built before it goes has its blobs then, or may have. */
  readonly isReused: boolean;
}

/** Bytes of each, in the order in which they are done; null where nobody knows. */
export function freedBytes(
  world: World,
  evictions: readonly Eviction[],
): readonly (number | null)[] {
  const left = new Map<string, Left>();
  return evictions.map(({ at, observed, isReused }) => {
    const key = backendKey(at);
    const here = left.get(key) ?? allOf(world, at);
    left.set(key, here);
    const weights = detailsOf(world, at, observed)?.weights ?? null;
    count(here, observed, weights, -1);
    if (isReused) return weights === null ? null : 0;
    if ((here.contents.get(observed.digest) ?? 0) > 0) return 0;
    if (weights !== null && (here.weights.get(weights) ?? 0) > 0) return 0;
    const isSure = weights === null ? here.names === 0 : here.untold === 0;
    return isSure ? observed.bytes : null;
  });
}

/** What is there, less what has been evicted so far. */
interface Left {
  names: number;
  readonly contents: Map<Digest, number>;
  readonly weights: Map<Digest, number>;
  /** Names of which nobody knows what they share. */
  untold: number;
}

function allOf(world: World, at: Placement): Left {
  const left: Left = { names: 0, contents: new Map(), weights: new Map(), untold: 0 };
  const backend = observationOf(world, at);
  if (backend?.kind !== 'reachable') return left;
  for (const observed of backend.placements.values()) {
    const weights = detailsOf(world, { ...at, name: observed.name }, observed)?.weights ?? null;
    count(left, observed, weights, 1);
  }
  return left;
}

function count(
  left: Left,
  { digest }: ObservedPlacement,
  weights: Digest | null,
  by: number,
): void {
  left.names += by;
  left.contents.set(digest, (left.contents.get(digest) ?? 0) + by);
  if (weights === null) left.untold += by;
  else left.weights.set(weights, (left.weights.get(weights) ?? 0) + by);
}
