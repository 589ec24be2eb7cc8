// Does it fit? Room is taken in plan order, the most urgent first; what does not fit is held with
// the sum that is missing, never tried. A disk that nobody knows the size of holds nothing back.
import { backendKey, type PlacementKey, placementKey } from '../core/key.ts';
import type { Action, ActionId, EvictAction } from '../core/plan.ts';
import { formatBytes } from '../core/quantity.ts';
import type { Veto } from './judge.ts';
import { observationOf, type World } from './world.ts';

export interface Room {
  readonly vetoes: ReadonlyMap<PlacementKey, Veto>;
  /** Evictions that must come before the builds of their backend for these to fit. */
  readonly early: ReadonlySet<ActionId>;
}

/** Evictions that are wanted anyway make room, as far as their gain is known and needed. */
export function takeRoom(
  world: World,
  builds: readonly Action[],
  evictions: readonly EvictAction[],
): Room {
  const vetoes = new Map<PlacementKey, Veto>();
  const early = new Set<ActionId>();
  const leaving = Map.groupBy(evictions, backendKey);
  for (const [key, ofBackend] of Map.groupBy(builds, backendKey)) {
    const free = freeBytes(world, ofBackend);
    if (free === null) continue;
    let room = free;
    for (const evict of leaving.get(key) ?? []) {
      if (needed(ofBackend) <= room) break;
      room -= evict.bytes.disk ?? 0;
      early.add(evict.id);
    }
    for (const [at, veto] of beyond(ofBackend, room, world.options.prune)) vetoes.set(at, veto);
  }
  return { vetoes, early };
}

const needed = (actions: readonly Action[]): number =>
  actions.reduce((sum, action) => sum + (action.bytes.disk ?? 0), 0);

function freeBytes(world: World, [first]: readonly Action[]): number | null {
  const backend = first && observationOf(world, first);
  return backend?.kind === 'reachable' && backend.disk.kind === 'known'
    ? backend.disk.freeBytes
    : null;
}

function* beyond(
  builds: readonly Action[],
  roomBytes: number,
  prune: boolean,
): Iterable<[PlacementKey, Veto]> {
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
        detail: `It needs ${formatBytes(bytes)} of disk; ${formatBytes(bytes - left)} are missing.`,
        remedy: prune
          ? 'Free that much, or declare less.'
          : 'Free that much, or let `--prune` evict what left the set.',
      },
    ];
  }
}
