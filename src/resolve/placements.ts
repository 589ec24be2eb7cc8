// From a pinned request to the placements it takes on its engine, and from all of them to one map:
// names that several Models share by right (a base) become one, names that two claim are errors.
import type { ModelRequest, PlacementShape } from '../backends/backend.ts';
import type { Artifact } from '../core/artifact.ts';
import { sameJson } from '../core/canonical.ts';
import { type DesiredPlacement, type Recipe, staysLoaded } from '../core/desired.ts';
import type { Held } from '../core/held.ts';
import { backendKey, type PlacementKey, placementKey } from '../core/key.ts';
import { errorProblem, type Origin, type Problem } from '../core/problem.ts';
import type { Engine } from './engines.ts';
import type { Request } from './requests.ts';

export function modelRequest(
  request: Request,
  source: string,
  adapters: NonNullable<Recipe['adapters']>,
): ModelRequest {
  const { spec, metadata } = request.model;
  const { system, template, parameters } = spec.derive ?? {};
  return {
    model: metadata.name,
    source,
    aliases: spec.aliases ?? [],
    residency: request.residency,
    runtime: request.runtime,
    ...(spec.servedName === undefined ? {} : { servedName: spec.servedName }),
    ...(spec.derive === undefined
      ? {}
      : {
          derive: {
            ...(system === undefined ? {} : { system }),
            ...(template === undefined ? {} : { template }),
            ...(parameters === undefined ? {} : { parameters }),
            ...(adapters.length === 0 ? {} : { adapters }),
          },
        }),
  };
}

export function placementsOf(
  request: Request,
  engine: Engine,
  shapes: readonly PlacementShape[],
  artifact: Artifact,
  origin: Origin,
): readonly DesiredPlacement[] {
  const { spec, metadata } = request.model;
  return shapes.map((shape) => {
    const at = { host: engine.reference.host, backend: engine.reference.id, name: shape.name };
    return {
      ...at,
      key: placementKey(at),
      model: metadata.name,
      role: shape.role,
      build: shape.build,
      artifact,
      digest: engine.backend.identify(shape, artifact, shapes),
      residency: shape.residency,
      load: shape.load,
      prune: spec.lifecycle?.prune ?? 'Delete',
      priority: spec.priority ?? 0,
      origin,
    };
  });
}

export function heldRequest(
  { model }: Request,
  { reference, backend }: Engine,
  why: Pick<Held, 'because' | 'detail' | 'remedy'>,
): Held {
  const { spec, metadata, origin } = model;
  const { because, detail, remedy } = why;
  const name = backend.canonicalName(spec.servedName ?? metadata.name) ?? metadata.name;
  const at = { host: reference.host, backend: reference.id, name, model: metadata.name, origin };
  return { ...at, because, detail, remedy };
}

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
    else if (shareable(twin, placement)) placements.set(placement.key, stronger(twin, placement));
    else problems.push(claimedTwice(twin, placement));
  }
  return { placements, problems: [...problems, ...contradictions([...placements.values()])] };
}

/** A base may be another Model's own name, or another base, as long as it is the same content. */
const shareable = (a: DesiredPlacement, b: DesiredPlacement): boolean =>
  (a.role === 'base' || b.role === 'base') &&
  a.artifact.revision === b.artifact.revision &&
  sameJson(a.build, b.build);

/** What a Model asks for itself outweighs what another one needs underneath. */
const stronger = (a: DesiredPlacement, b: DesiredPlacement): DesiredPlacement => {
  const [own, other] = a.role === 'base' ? [b, a] : [a, b];
  return own.residency === 'optional' ? { ...own, residency: other.residency } : own;
};

const claimedTwice = (first: DesiredPlacement, second: DesiredPlacement): Problem =>
  errorProblem({
    code: 'resolve/name-claimed-twice',
    summary: 'One served name is wanted twice on a backend',
    detail:
      `${second.name} is wanted by Model/${first.model} (${placeOf(first.origin)}) ` +
      `and by Model/${second.model}, with other content.`,
    remedy: 'Give one of them another servedName or alias, or another target.',
    origin: second.origin,
    subject: `Model/${second.model}`,
    path: 'spec.servedName',
  });

/** Some engines run one copy of the weights for all names over them: they can't be loaded twice. */
function contradictions(placements: readonly DesiredPlacement[]): readonly Problem[] {
  const problems: Problem[] = [];
  const loaded = new Map<string, DesiredPlacement>();
  for (const placement of placements) {
    if (!staysLoaded(placement.residency)) continue;
    const weights = `${backendKey(placement)} ${placement.artifact.weights}`;
    const twin = loaded.get(weights);
    if (twin === undefined) loaded.set(weights, placement);
    else if (!sameJson(twin.load, placement.load)) problems.push(loadedTwice(twin, placement));
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
