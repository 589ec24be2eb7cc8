// From the placements of all Models to one map: names that several Models share by right (a base)
// become one, names that two claim are errors. Pure; the order of the manifests makes no difference.
import { compareText, sameJson } from '../core/canonical.ts';
import { type DesiredPlacement, type LoadOptions, staysLoaded } from '../core/desired.ts';
import { backendKey, type PlacementKey } from '../core/key.ts';
import { errorProblem, type Origin, type Problem } from '../core/problem.ts';

export interface Merged {
  readonly placements: ReadonlyMap<PlacementKey, DesiredPlacement>;
  readonly problems: readonly Problem[];
}

export function mergePlacements(all: readonly DesiredPlacement[]): Merged {
  const placements = new Map<PlacementKey, DesiredPlacement>();
  const problems: Problem[] = [];
  for (const placement of all) {
    const twin = placements.get(placement.key);
    if (twin === undefined) placements.set(placement.key, placement);
    else if (shareable(twin, placement)) placements.set(placement.key, merged(twin, placement));
    else problems.push(claimedTwice(twin, placement));
  }
  return { placements, problems };
}

/**
 * A base may be another Model's own name, or another base, as long as it is the same content. Two
 * targets of one Model may mean the same backend, as long as they ask for the same.
 */
function shareable(a: DesiredPlacement, b: DesiredPlacement): boolean {
  const sameContent = a.artifact.revision === b.artifact.revision && sameJson(a.build, b.build);
  if (!sameContent) return false;
  if (a.role === 'base' || b.role === 'base') return true;
  return a.model === b.model && a.residency === b.residency && sameJson(a.load, b.load);
}

/** What a Model asks for itself outweighs what another one needs underneath. */
function merged(a: DesiredPlacement, b: DesiredPlacement): DesiredPlacement {
  const [{ driftPolicy, ...own }, other] = isFirst(a, b) ? [a, b] : [b, a];
  return {
    ...own,
    // Whoever wants it corrected has it corrected.
    ...(driftPolicy !== undefined && driftPolicy === other.driftPolicy ? { driftPolicy } : {}),
    residency: own.residency === 'optional' ? other.residency : own.residency,
    prune: strictness.find((prune) => prune === a.prune || prune === b.prune) ?? own.prune,
    priority: Math.max(a.priority, b.priority),
  };
}

const isFirst = (a: DesiredPlacement, b: DesiredPlacement): boolean =>
  (a.role === 'base') === (b.role === 'base')
    ? compareText(a.model, b.model) <= 0
    : b.role === 'base';

/** Whatever one of them wants to keep is kept. */
const strictness: readonly DesiredPlacement['prune'][] = ['Keep', 'Confirm', 'Delete'];

function claimedTwice(first: DesiredPlacement, second: DesiredPlacement): Problem {
  const by =
    first.model === second.model
      ? `by two targets of Model/${first.model} (${placeOf(first.origin)}), with other settings.`
      : `by Model/${first.model} (${placeOf(first.origin)}) and by Model/${second.model}, with other content.`;
  return errorProblem({
    code: 'resolve/name-claimed-twice',
    summary: 'One served name is wanted twice on a backend',
    detail: `${second.name} is wanted ${by}`,
    remedy: 'Give one of them another servedName or alias, or another target.',
    origin: second.origin,
    subject: `Model/${second.model}`,
    path: 'spec.servedName',
  });
}

/**
 * Some engines run one copy of the weights for all names over them, so they cannot be kept in
 * memory in two ways. What is compared is what the Models ask for: some engines bake it into names.
 */
export function contradictions(
  wishes: readonly {
    readonly placements: readonly DesiredPlacement[];
    readonly runtime: LoadOptions;
  }[],
): readonly Problem[] {
  const problems: Problem[] = [];
  const loaded = new Map<string, { placement: DesiredPlacement; runtime: LoadOptions }>();
  for (const { placements, runtime } of wishes) {
    for (const placement of placements) {
      if (!staysLoaded(placement.residency)) continue;
      const weights = `${backendKey(placement)} ${placement.artifact.weights}`;
      const twin = loaded.get(weights);
      if (twin === undefined) loaded.set(weights, { placement, runtime });
      else if (!sameJson(twin.runtime, runtime)) {
        problems.push(loadedTwice(twin.placement, placement));
      }
    }
  }
  return problems;
}

const loadedTwice = (first: DesiredPlacement, second: DesiredPlacement): Problem =>
  errorProblem({
    code: 'resolve/loaded-twice',
    summary: 'The same weights are to stay loaded with different options',
    detail:
      `${first.name} (Model/${first.model}) and ${second.name} (Model/${second.model}) ` +
      'have the same weights, and each asks for its own load options.',
    remedy: 'Give both the same runtime, or let only one of them stay loaded.',
    origin: second.origin,
    subject: `Model/${second.model}`,
    path: 'spec.runtime',
  });

const placeOf = (origin: Origin): string => `${origin.file}:${origin.line}`;
