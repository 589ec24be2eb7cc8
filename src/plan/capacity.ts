// Does it fit? Room is taken in plan order, the most urgent first; what does not fit is held with
// the sum that is missing, never tried. A disk that nobody knows the size of holds nothing back.
import { backendKey, placementKey, type PlacementKey } from '../core/key.ts';
import type { Action } from '../core/plan.ts';
import type { Veto } from './judge.ts';
import { observationOf, type World } from './world.ts';

export interface Room {
  readonly vetoes: ReadonlyMap<PlacementKey, Veto>;
  /** Backends whose evictions must come before their builds for these to fit. */
  readonly evictFirst: ReadonlySet<string>;
}

/** Evictions that are wanted anyway make room, if their gain is known and needed. */
export function takeRoom(
  world: World,
  builds: readonly Action[],
  evictions: readonly Action[],
): Room {
  const vetoes = new Map<PlacementKey, Veto>();
  const evictFirst = new Set<string>();
  const leaving = Map.groupBy(evictions, backendKey);
  for (const [key, ofBackend] of Map.groupBy(builds, backendKey)) {
    const free = freeBytes(world, ofBackend);
    if (free === null || needed(ofBackend) <= free) continue;
    const gain = 0 - needed(leaving.get(key) ?? []);
    if (gain > 0) evictFirst.add(key);
    for (const [at, veto] of beyond(ofBackend, free + gain)) vetoes.set(at, veto);
  }
  return { vetoes, evictFirst };
}

const needed = (actions: readonly Action[]): number =>
  actions.reduce((sum, action) => sum + (action.bytes.disk ?? 0), 0);

function freeBytes(world: World, [first]: readonly Action[]): number | null {
  const backend = first && observationOf(world, first);
  return backend?.kind === 'reachable' && backend.disk.kind === 'known'
    ? backend.disk.freeBytes
    : null;
}

function* beyond(builds: readonly Action[], roomBytes: number): Iterable<[PlacementKey, Veto]> {
  let left = roomBytes;
  for (const action of builds) {
    const bytes = action.bytes.disk ?? 0;
    if (bytes <= left) {
      left -= bytes;
      continue;
    }
    yield [
      placementKey(action),
      {
        because: 'does-not-fit',
        detail: `It needs ${bytes} bytes of disk; ${bytes - left} bytes are missing.`,
        remedy: 'Free that much, or let `--prune` evict what left the set.',
      },
    ];
  }
}
