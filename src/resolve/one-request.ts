// One Model on one target, from its manifest to placements: its source in canonical form, its
// engine, its bytes, and the names that serving it takes. Any of these may hold it or be wrong.
import { dirname } from 'node:path';
import type { DesiredPlacement, Recipe } from '../core/desired.ts';
import type { Held } from '../core/held.ts';
import { type Checked, checked, type Problem } from '../core/problem.ts';
import { type Manifests, resourceLabel } from '../core/resource.ts';
import type { PlacementShape } from '../backends/backend.ts';
import { type Engine, type EnginePool, engineKey } from './engines.ts';
import { adapterOf, type Pin, pin, type PinContext } from './pin.ts';
import { heldRequest, modelRequest, placementsOf } from './placements.ts';
import type { Request } from './requests.ts';

/** What one request comes to. */
export interface Outcome {
  readonly placements: readonly DesiredPlacement[];
  readonly held: readonly Held[];
  /** Wanted all the same, so nothing of theirs is pruned. */
  readonly heldModels: readonly string[];
  readonly pins: readonly Pin[];
  readonly problems: readonly Problem[];
}

export interface RequestContext {
  readonly manifests: Manifests;
  readonly pool: EnginePool;
  readonly pin: PinContext;
  /** Grows: every engine that a request needs. */
  readonly engines: Map<string, Engine>;
}

const nothing: Outcome = { placements: [], held: [], heldModels: [], pins: [], problems: [] };

export async function resolveRequest(request: Request, context: RequestContext): Promise<Outcome> {
  const source = canonicalSource(request, request.model.spec.source, context);
  if (!source.ok) return failed(source.problems, request, context, ['spec', 'source']);
  if (!request.here) return pinOnly(request, source.value, context);
  const found = await context.pool.engineFor(request.backend);
  if (!found.ok) return failed(found.problems, request, context, ['spec', 'targets']);
  const engine = found.value;
  context.engines.set(engineKey(engine), engine);

  // Asked before anything is resolved: what an engine cannot do needs no network to be known.
  const able = engine.backend.check(modelRequest(request, source.value, []));
  if (!able.ok) return unable(able.problems, request, engine, context);
  const pinned = await pinAll(request, source.value, engine, context);
  if (!('main' in pinned)) return pinned;
  const shapes = engine.backend.check(modelRequest(request, source.value, pinned.adapters));
  if (!shapes.ok) return unable(shapes.problems, request, engine, context);
  return placed(request, engine, shapes.value, pinned);
}

interface Pinned {
  readonly main: Pin;
  readonly pins: readonly Pin[];
  readonly adapters: NonNullable<Recipe['adapters']>;
  readonly notes: readonly Held[];
}

/** The weights, and each adapter as an entry of its own. */
async function pinAll(
  request: Request,
  source: string,
  engine: Engine,
  context: RequestContext,
): Promise<Pinned | Outcome> {
  const pins: Pin[] = [];
  const notes: Held[] = [];
  const adapters = (request.model.spec.derive?.adapters ?? []).map((reference) =>
    canonicalSource(request, reference, context),
  );
  for (const [index, reference] of [checked(source), ...adapters].entries()) {
    const path = index === 0 ? ['spec', 'source'] : ['spec', 'derive', 'adapters', index - 1];
    if (!reference.ok) return failed(reference.problems, request, context, path);
    const pinned = await pin(pinKey(request, reference.value), context.pin);
    if (pinned.kind === 'problem') return failed([pinned.problem], request, context, path);
    if (pinned.kind === 'held') return held(request, engine, pinned);
    pins.push(pinned.pin);
    if (pinned.moved !== null) notes.push(heldRequest(request, engine, changed(pinned.moved)));
  }
  const [main, ...rest] = pins;
  if (main === undefined) return nothing;
  return { main, pins, notes, adapters: rest.map(({ artifact }) => adapterOf(artifact)) };
}

const placed = (
  request: Request,
  engine: Engine,
  shapes: readonly PlacementShape[],
  { main, pins, notes }: Pinned,
): Outcome => ({
  ...nothing,
  placements: placementsOf(request, engine, shapes, main.artifact, request.model.origin),
  pins,
  held: notes,
});

/** Another host's request: its bytes are locked here too, so that every host installs the same. */
async function pinOnly(
  request: Request,
  source: string,
  context: RequestContext,
): Promise<Outcome> {
  const pinned = await pin(pinKey(request, source), context.pin);
  if (pinned.kind === 'pinned') return { ...nothing, pins: [pinned.pin] };
  if (pinned.kind === 'held') return nothing;
  return failed([pinned.problem], request, context, ['spec', 'source']);
}

/** What this engine cannot do is held; what makes no sense on any engine is an error. */
function unable(
  problems: readonly Problem[],
  request: Request,
  engine: Engine,
  context: RequestContext,
): Outcome {
  const [first] = problems;
  const isUnsupported = problems.every(({ code }) => code === 'backend/unsupported');
  if (first === undefined || !isUnsupported) return failed(problems, request, context, ['spec']);
  return held(request, engine, {
    because: 'unsupported',
    detail: problems.map(({ detail }) => detail).join(' '),
    remedy: first.remedy ?? 'Leave it out, or use another engine.',
  });
}

const held = (
  request: Request,
  engine: Engine,
  why: Pick<Held, 'because' | 'detail' | 'remedy'>,
): Outcome => ({
  ...nothing,
  held: [heldRequest(request, engine, why)],
  heldModels: [request.model.metadata.name],
});

const changed = (detail: string) => ({
  because: 'upstream-moved' as const,
  detail,
  remedy: 'Put the file back, or give the new one another name and edit spec.source.',
});

function canonicalSource(
  { model }: Request,
  reference: string,
  { pin: { sources, folder, io } }: RequestContext,
): Checked<string> {
  const { file } = model.origin;
  const from = file === '-' ? io.environment.workingFolder : dirname(file);
  const rebased = reference.startsWith(`${sources.local.scheme}:`)
    ? sources.local.rebase(reference, from, folder, io.environment.platform)
    : reference;
  return sources.canonicalize(rebased);
}

const pinKey = (request: Request, source: string) => ({
  model: request.model.metadata.name,
  target: request.target,
  source,
});

const failed = (
  problems: readonly Problem[],
  { model }: Request,
  { manifests }: RequestContext,
  path: readonly (string | number)[],
): Outcome => {
  const at = {
    origin: manifests.locate(model, path),
    subject: resourceLabel(model),
    path: path.join('.'),
  };
  return { ...nothing, problems: problems.map((problem) => ({ ...at, ...problem })) };
};
