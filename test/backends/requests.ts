// Requests and actions for tests of backends, made as resolve and the planner make them.

import type { Backend, ModelRequest, PlacementShape } from '../../src/backends/backend.ts';
import type { Artifact } from '../../src/core/artifact.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { BackendObservation, Details, ObservedPlacement } from '../../src/core/observed.ts';
import type { ActionBase, LoadAction, ModelAction } from '../../src/core/plan.ts';
import type { Io } from '../../src/io/io.ts';

export const request = (
  { prefix }: { readonly prefix: string },
  subject: { readonly source: string },
  more: Partial<ModelRequest> | { readonly derive: undefined } = {},
): ModelRequest => {
  const { derive, ...rest } = more as Partial<ModelRequest>;
  return {
    model: `${prefix}model`,
    source: subject.source,
    aliases: [],
    residency: 'stored',
    runtime: {},
    ...rest,
    ...(derive === undefined ? {} : { derive }),
  };
};

export function shapesOf(backend: Backend, asked: ModelRequest): readonly PlacementShape[] {
  const checked = backend.check(asked);
  if (!checked.ok) throw new Error(checked.problems.map((one) => one.detail).join('\n'));
  return checked.value;
}

export const actionBase = (
  backend: Backend,
  kind: ModelAction['kind'],
  name: string,
): Omit<ActionBase, 'kind'> & { readonly after: readonly string[] } => ({
  id: `${kind} ${name}`,
  host: 'local',
  backend: backend.id,
  name,
  model: 'contract',
  reason: 'missing',
  because: '',
  bytes: { download: 0, disk: null, memory: null },
  after: [],
});

/** What the planner would do: one build for each shape that is not there as it should be. */
export function buildActions(
  backend: Backend,
  asked: ModelRequest,
  artifact: Artifact,
  there: { readonly placements: ReadonlyMap<string, Pick<ObservedPlacement, 'digest'>> },
): readonly ModelAction[] {
  const shapes = shapesOf(backend, asked);
  return shapes.flatMap((shape): ModelAction[] => {
    const digest = backend.identify(shape, artifact, shapes);
    const replaces = there.placements.get(shape.name)?.digest ?? null;
    // Only what is known to be right stays; a base that was imported is not made again.
    if (replaces !== null && (replaces === digest || shape.role === 'base')) return [];
    const shared = { artifact, digest, replaces } as const;
    return shape.build.kind === 'source' && digest !== null
      ? [{ ...actionBase(backend, 'pull', shape.name), kind: 'pull', ...shared }]
      : [
          {
            ...actionBase(backend, 'create', shape.name),
            kind: 'create',
            build: shape.build,
            ...shared,
          },
        ];
  });
}

export function loadAction(backend: Backend, asked: ModelRequest): LoadAction {
  const shape = shapesOf(backend, asked).find((one) => one.role === 'model');
  if (shape === undefined) throw new Error('no model among the shapes');
  return { ...actionBase(backend, 'load', shape.name), kind: 'load', load: shape.load };
}

type Reachable = Extract<BackendObservation, { kind: 'reachable' }>;

/** Observes as the pipeline does for this one request. */
export async function look(
  { backend, io }: { readonly backend: Backend; readonly io: Io },
  asked: ModelRequest,
  artifact: Artifact,
  remembered: ReadonlyMap<Digest, Details> = new Map(),
): Promise<Reachable> {
  const shapes = shapesOf(backend, asked);
  const detailed = shapes.some((shape) => shape.build.kind === 'derive');
  const wanted = new Map(
    shapes.map(
      (shape) =>
        [shape.name, { artifact, digest: backend.identify(shape, artifact, shapes) }] as const,
    ),
  );
  const detailsOf = new Set(detailed ? shapes.map((shape) => shape.name) : []);
  const signal = new AbortController().signal;
  const observation = await backend.observe({ detailsOf, remembered, wanted }, { io, signal });
  if (observation.kind === 'unreachable') throw new Error(observation.problem.detail);
  return observation;
}
