// The blast-radius guard: the last look at what would be lost, all of it together. A typo that
// empties a file, a bad merge, a wrong branch look like a wish to delete; this asks first.
import type { DesiredPlacement } from '../core/desired.ts';
import { modelOfSet } from '../core/inventory.ts';
import { backendKey, type PlacementKey } from '../core/key.ts';
import type { ContentVerdict } from './content.ts';
import type { Judged, Veto } from './judge.ts';
import { isGone, type Victim } from './prune.ts';
import type { World } from './world.ts';

/** So many models may always go, however few a backend holds. */
const lossesFree = 3;
/** The share of a backend's owned models that may go within 24 hours. */
const lossesShareMax = 0.2;
/** From so many owned models on, evicting all of them needs a word. */
const everythingFrom = 4;

export interface Guarded {
  /** Overwrites that are refused. */
  readonly vetoes: ReadonlyMap<PlacementKey, Veto>;
  /** Evictions that are refused, by `backendKey`. */
  readonly refused: ReadonlyMap<string, Veto>;
}

/** Losses are counted in models, not in names: a base and its derived name are one loss. */
export function guard(
  world: World,
  judged: readonly Judged[],
  victims: readonly Victim[],
): Guarded {
  const overwrites = judged.filter((one) => losesContent(world, one.placement, one.content));
  const vetoes = new Map<PlacementKey, Veto>();
  const refused = new Map<string, Veto>();
  const backends = new Set([
    ...victims.map(({ entry }) => backendKey(entry)),
    ...overwrites.map(({ placement }) => backendKey(placement)),
  ]);
  for (const key of backends) {
    const lost = overwrites.filter(({ placement }) => backendKey(placement) === key);
    const leaving = victims.filter(({ entry }) => backendKey(entry) === key);
    const veto = judgeLosses(world, key, lost, leaving);
    if (veto === null) continue;
    refused.set(key, veto);
    for (const { placement } of lost) vetoes.set(placement.key, veto);
  }
  return { vetoes, refused };
}

/**
 * Replacing weights loses them, also by a name for others. What we derived from a base is made again
 * from it, and what is only set up anew keeps its content; but whatever somebody else put under a
 * name is lost with it.
 */
export function losesContent(
  world: World,
  placement: DesiredPlacement,
  content: ContentVerdict,
): boolean {
  if (content.kind !== 'build' || content.replaces === null) return false;
  const { replaces, keepsContent } = content;
  if (keepsContent === true || replaces.digest === placement.digest) return false;
  const entry = world.owned.get(placement.key);
  if (entry === undefined) return true;
  // What a cut-off run of ours made, or could not finish making, is no loss of its own.
  const isOurs = replaces.digest === entry.digest || world.ledger.interrupted.has(placement.key);
  const isWeights = placement.build.kind === 'source' || entry.base === null;
  return !isOurs || (isWeights && entry.digest !== null);
}

function judgeLosses(
  world: World,
  key: string,
  overwrites: readonly Judged[],
  victims: readonly Victim[],
): Veto | null {
  const models = new Set([
    ...overwrites.map(({ placement }) => placement.model),
    ...victims.map(({ entry }) => entry.model),
  ]);
  const { allowEvictions } = world.options;
  if (allowEvictions !== null && models.size <= allowEvictions) return null;
  const why = refusal(world, key, models, victims);
  if (why === null) return null;
  return {
    because: 'guard',
    detail: `Nothing is evicted or overwritten here, because ${why}.`,
    remedy: `If that is meant:\n\n    modelctl apply ${world.options.prune ? '--prune ' : ''}--allow-evictions ${models.size}`,
  };
}

function refusal(
  world: World,
  key: string,
  models: ReadonlySet<string>,
  victims: readonly Victim[],
): string | null {
  const lately = world.ledger.recentEvictions.get(key) ?? new Set<string>();
  const owned = ownedModels(world, key, lately);
  const evicted = new Set(victims.map(({ entry }) => entry.model)).size;
  const { desired } = world;
  if (evicted > 0 && desired.placements.size === 0 && desired.heldModels.size === 0) {
    return 'the manifests declare nothing at all';
  }
  if (evicted >= owned && owned >= everythingFrom) return `all ${owned} models of the set would go`;
  // Lost again is lost once: what a cut-off run began is not counted twice when it is finished.
  const now = new Set([...models].map((model) => modelOfSet(desired.set, model)));
  const recent = [...lately].filter((one) => !now.has(one)).length;
  const allowed = Math.max(lossesFree, Math.floor(owned * lossesShareMax));
  if (models.size + recent <= allowed) return null;
  const before = recent === 0 ? '' : ` after ${recent} within 24 hours`;
  return `${models.size} models would be lost${before}, and ${allowed} of ${owned} may be`;
}

/**
 * Of which something is there: rows of what is gone, or was never brought, make no set larger. What
 * was lost lately counts as before, so that a run that was cut off may finish.
 */
function ownedModels(world: World, key: string, lately: ReadonlySet<string>): number {
  const { set } = world.desired;
  const models = new Set([...lately].filter((one) => one.startsWith(modelOfSet(set, ''))));
  for (const entry of world.owned.values()) {
    if (backendKey(entry) !== key || isGone(world, entry)) continue;
    models.add(modelOfSet(set, entry.model));
  }
  return models.size;
}
