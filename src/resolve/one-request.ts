// One Model on one target, from its manifest to placements: its source in canonical form, its
// engine, its bytes, and the names that serving it takes. Any of these may hold it or be wrong.
import type { PlacementShape } from '../backends/backend.ts';
import type { Artifact } from '../core/artifact.ts';
import { assert } from '../core/assert.ts';
import type { DesiredPlacement, LoadOptions } from '../core/desired.ts';
import type { Held } from '../core/held.ts';
import { type Problem, warningProblem } from '../core/problem.ts';
import { type Manifests, resourceLabel } from '../core/resource.ts';
import { type Engine, type EnginePool, engineKey } from './engines.ts';
import { adapterOf, type Pin, type PinContext, type PinKey, type Pinned, pin } from './pin.ts';
import { heldRequest, modelRequest, placementsOf } from './placements.ts';
import { located, type Path, type Reference, referencesOf } from './references.ts';
import type { Request } from './requests.ts';

/** What one request comes to. */
export interface Outcome {
  readonly placements: readonly DesiredPlacement[];
  readonly held: readonly Held[];
  /** Wanted all the same, so nothing of theirs is pruned. */
  readonly heldModels: readonly string[];
  /** What has no bytes yet: nothing at all is pruned while that is not known. */
  readonly unresolved: readonly string[];
  /** Everything that it names, pinned or not: none of it is an orphan in the lock. */
  readonly references: readonly PinKey[];
  readonly pins: readonly Pin[];
  /** As asked for, before an engine bakes any of it into a name. */
  readonly runtime: LoadOptions;
  readonly problems: readonly Problem[];
}

export interface RequestContext {
  readonly manifests: Manifests;
  readonly pool: EnginePool;
  readonly pin: PinContext;
  /** Grows: every engine that a request needs. */
  readonly engines: Map<string, Engine>;
}

/** The weights first, then the adapters. */
type References = readonly Reference[];
type Partly = Partial<Outcome>;

const nothing = {
  placements: [],
  held: [],
  heldModels: [],
  unresolved: [],
  pins: [],
  problems: [],
};

export async function resolveRequest(request: Request, context: RequestContext): Promise<Outcome> {
  const { sources, folder, io } = context.pin;
  const from = { manifests: context.manifests, sources, folder, io };
  const { references, problems } = referencesOf(request, from);
  const common = { ...nothing, references, runtime: request.runtime };
  if (problems.length > 0) return { ...common, problems };
  const outcome = request.here
    ? await serve(request, references, context)
    : await pinOnly(request, references, context);
  return { ...common, ...outcome };
}

async function serve(
  request: Request,
  references: References,
  context: RequestContext,
): Promise<Partly> {
  const found = await context.pool.engineFor(request.backend);
  if (!found.ok) return failed(found.problems, request, context, ['spec', 'targets']);
  const engine = found.value;
  context.engines.set(engineKey(engine), engine);

  // Asked before anything is resolved: what an engine cannot do needs no network to be known.
  const [{ source } = { source: '' }] = references;
  const able = engine.backend.check(modelRequest(request, source, [], engine));
  if (!able.ok) return unable(able.problems, request, engine, context);
  const pinned = await pinAll(references, context.pin);
  if (pinned.kind === 'problem') return failed([pinned.problem], request, context, pinned.path);
  if (pinned.kind === 'held') {
    return {
      ...held(request, engine, able.value, pinned),
      unresolved: [resourceLabel(request.model)],
    };
  }
  const [main, ...rest] = pinned.pins;
  assert(main !== undefined, 'a Model has a source');
  const adapters = rest.map(({ artifact }) => adapterOf(artifact));
  const shapes = engine.backend.check(
    modelRequest(request, source, adapters, engine, main.artifact),
  );
  // Pinned all the same, so that it need not be asked for again.
  if (!shapes.ok)
    return { ...unable(shapes.problems, request, engine, context), pins: pinned.pins };
  return {
    placements: placementsOf(request, engine, shapes.value, main.artifact, request.model.origin),
    pins: pinned.pins,
    held: pinned.moved.map((detail) =>
      heldRequest(request, engine, shapes.value, changed(request, detail)),
    ),
    problems: [
      ...located(shapes.problems, request, context, ['spec']),
      ...located(unknownFormat(main.artifact), request, context, ['spec', 'source']),
    ],
  };
}

/** Told each time, not only when the source was asked: an engine takes it, and then cannot load it. */
const unknownFormat = ({ facts }: Artifact): readonly Problem[] =>
  Object.keys(facts).length > 0
    ? []
    : [
        warningProblem({
          code: 'resolve/unknown-format',
          summary: 'A source is not in a format that is known',
          detail: 'Nothing says that it is a GGUF file, so an engine may refuse it.',
          remedy: 'See that it is the model itself, and not a page about it or a part of it.',
        }),
      ];

type PinnedAll =
  | { readonly kind: 'pinned'; readonly pins: readonly Pin[]; readonly moved: readonly string[] }
  | (Exclude<Pinned, { kind: 'pinned' }> & { readonly path: Path });

async function pinAll(references: References, context: PinContext): Promise<PinnedAll> {
  const pins: Pin[] = [];
  const moved: string[] = [];
  for (const { path, ...key } of references) {
    const pinned = await pin(key, context);
    if (pinned.kind !== 'pinned') return { ...pinned, path };
    pins.push(pinned.pin);
    if (pinned.moved !== null) moved.push(pinned.moved);
  }
  return { kind: 'pinned', pins, moved };
}

/** Another host's request: its bytes are locked here too, so that every host installs the same. */
async function pinOnly(
  request: Request,
  references: References,
  context: RequestContext,
): Promise<Partly> {
  const pinned = await pinAll(references, context.pin);
  if (pinned.kind === 'pinned') return { pins: pinned.pins };
  if (pinned.kind === 'held') return {};
  return failed([pinned.problem], request, context, pinned.path);
}

/** What this engine cannot do is held; what makes no sense on any engine is an error. */
function unable(
  problems: readonly Problem[],
  request: Request,
  engine: Engine,
  context: RequestContext,
): Partly {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const isUnsupported = errors.every(({ code }) => code === 'backend/unsupported');
  if (first === undefined || !isUnsupported) return failed(problems, request, context, ['spec']);
  return held(request, engine, [], {
    because: 'unsupported',
    detail: errors.map(({ detail }) => detail).join(' '),
    remedy: first.remedy ?? 'Leave it out, or use another engine.',
  });
}

const held = (
  request: Request,
  engine: Engine,
  shapes: readonly PlacementShape[],
  why: Pick<Held, 'because' | 'detail' | 'remedy'>,
): Partly => ({
  held: [heldRequest(request, engine, shapes, why)],
  heldModels: [request.model.metadata.name],
});

const changed = ({ model }: Request, detail: string) => ({
  because: 'upstream-moved' as const,
  detail,
  remedy: `Put the file back, or take the new one: \`modelctl update ${model.metadata.name}\`.`,
});

const failed = (
  problems: readonly Problem[],
  request: Request,
  context: RequestContext,
  path: Path,
): Partly => ({ problems: located(problems, request, context, path) });
