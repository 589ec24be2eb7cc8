// From a pinned request to what its engine is asked for, and to the placements that this takes.
import type { ModelRequest, PlacementShape } from '../backends/backend.ts';
import type { Artifact } from '../core/artifact.ts';
import type { DesiredPlacement, Recipe } from '../core/desired.ts';
import type { Held } from '../core/held.ts';
import { placementKey } from '../core/key.ts';
import type { Origin } from '../core/problem.ts';
import type { Engine } from './engines.ts';
import type { Request } from './requests.ts';

export function modelRequest(
  request: Request,
  source: string,
  adapters: NonNullable<Recipe['adapters']>,
  engine: Engine,
  artifact?: Artifact,
): ModelRequest {
  const { spec, metadata } = request.model;
  const { system, template, parameters } = spec.derive ?? {};
  const flags = request.engineFlags[engine.backend.type];
  return {
    model: metadata.name,
    source,
    ...(artifact === undefined ? {} : { artifact }),
    aliases: spec.aliases ?? [],
    residency: request.residency,
    runtime: flags === undefined ? request.runtime : { ...request.runtime, flags },
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
      ...(request.driftPolicy === 'Correct' ? {} : { driftPolicy: request.driftPolicy }),
      origin,
    };
  });
}

/** `shapes`: what the engine would make of it; empty when it cannot serve it at all. */
export function heldRequest(
  { model }: Request,
  { reference, backend }: Engine,
  shapes: readonly PlacementShape[],
  why: Pick<Held, 'because' | 'detail' | 'remedy'>,
): Held {
  const { spec, metadata, origin } = model;
  const { because, detail, remedy } = why;
  const name =
    shapes.find(({ role }) => role === 'model')?.name ??
    backend.canonicalName(spec.servedName ?? metadata.name) ??
    metadata.name;
  const at = { host: reference.host, backend: reference.id, name, model: metadata.name, origin };
  return { ...at, because, detail, remedy };
}
