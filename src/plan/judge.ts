// Judges every wanted placement, what it is built on first. A veto, from a registry, a guard or for
// want of room, turns a build into something held; whatever is built on that is then held with it.
import { compareText } from '../core/canonical.ts';
import type { DesiredPlacement } from '../core/desired.ts';
import type { HeldBecause } from '../core/held.ts';
import type { PlacementKey } from '../core/key.ts';
import { type ContentVerdict, judgeContent } from './content.ts';
import type { SeenDrift } from './drift.ts';
import { leftAlone } from './left-alone.ts';
import { registryVeto } from './registry.ts';
import { judgeResidency, type ResidencyVerdict } from './residency.ts';
import { buildDepth, foundationOf, isInScope, type World } from './world.ts';

export interface Judged {
  readonly placement: DesiredPlacement;
  readonly content: ContentVerdict;
  readonly residency: ResidencyVerdict;
  /** What somebody else changed, whether or not it is corrected. */
  readonly drift: SeenDrift | null;
}

export interface Veto {
  readonly because: HeldBecause;
  readonly detail: string;
  readonly remedy: string;
}

export type Vetoes = ReadonlyMap<PlacementKey, Veto>;

/** In the order in which the placements may be built, ties broken by key. */
export function judgeAll(world: World, vetoes: Vetoes): readonly Judged[] {
  const contents = new Map<PlacementKey, ContentVerdict>();
  return inBuildOrder(world).map((placement) => {
    const foundation = foundationOf(world.desired, placement);
    const found = judgeContent(world, placement, foundation && contents.get(foundation.key));
    const veto =
      found.kind === 'build'
        ? (registryVeto(world, placement) ?? vetoes.get(placement.key) ?? null)
        : null;
    const content: ContentVerdict = veto === null ? found : { kind: 'held', ...veto };
    const residency = judgeResidency(world, placement, content);
    const judged = leftAlone(world, { placement, content, residency });
    contents.set(placement.key, judged.content);
    return judged;
  });
}

/** With `--target`: the Models that were named, and what they are built on, whosever that is. */
function evaluated(world: World): Iterable<DesiredPlacement> {
  const { placements } = world.desired;
  const { targets, backends } = world.options;
  if (targets === null) {
    if (backends === null) return placements.values();
    return [...placements.values()].filter((placement) => isInScope(world, placement));
  }
  const wanted = new Map<PlacementKey, DesiredPlacement>();
  for (const placement of placements.values()) {
    if (!targets.has(placement.model) || !isInScope(world, placement)) continue;
    let at: DesiredPlacement | undefined = placement;
    while (at !== undefined && !wanted.has(at.key)) {
      wanted.set(at.key, at);
      at = foundationOf(world.desired, at);
    }
  }
  return wanted.values();
}

function inBuildOrder(world: World): readonly DesiredPlacement[] {
  const layers: DesiredPlacement[][] = [];
  for (const placement of evaluated(world)) {
    const depth = buildDepth(world.desired, placement);
    layers[depth] ??= [];
    layers[depth].push(placement);
  }
  return layers.flatMap((layer) => layer.sort((a, b) => compareText(a.key, b.key)));
}
