// What a llama-server serves and runs, as core knows it: the names in its store, joined with what the
// router tells. A name that the router does not know of as it is kept is not served. Reads only.
import type { StoredName } from '../../artifacts/stores/oci/read.ts';
import { mapBounded } from '../../core/concurrency.ts';
import type { BackendObservation, LoadedState, ObservedPlacement } from '../../core/observed.ts';
import { type Problem, ProblemError } from '../../core/problem.ts';
import type { BackendContext, Question } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { detailsOf } from '../images/identify.ts';
import { diskOf, learnedFrom, presentBlobs } from '../images/look.ts';
import { isBaseName } from '../images/shapes.ts';
import { inUse, models } from './client.ts';
import { hiddenSettings, overridden, shortened } from './drift.ts';
import { imageOfPath } from './place.ts';
import {
  isServed,
  type Kept,
  notRead,
  type Router,
  readKept,
  routerOf,
  routerProps,
} from './router.ts';
import { type ServedSection, servedFrom, servedNameOf } from './sections.ts';
import type { ListedModel } from './translate.ts';

const questionsAtOnceMax = 8;

export async function observe(
  engine: Engine,
  store: string | null,
  question: Question,
  context: BackendContext,
): Promise<BackendObservation> {
  try {
    return await look(routerOf(engine, store, context.io), question, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ProblemError) return { kind: 'unreachable', problem: error.problem };
    throw error;
  }
}

async function look(
  router: Router,
  question: Question,
  context: BackendContext,
): Promise<BackendObservation> {
  const { slots, build } = await routerProps(router, context);
  const [listing, kept] = await Promise.all([models(router.engine, context), readKept(router)]);
  // A server that was started with it would have refused to start.
  if (kept.text === null && !listing.some((model) => isOurs(router, model))) {
    throw new ProblemError(await notRead(router));
  }
  const running = await runningModels(router, kept, listing, context);
  const placements = new Map<string, ObservedPlacement>();
  for (const stored of kept.names) {
    const placement = placementOf(stored, kept, running);
    if (placement !== null) placements.set(placement.name, placement);
  }
  for (const left of leftSections(router, kept)) placements.set(left.name, left);
  return {
    kind: 'reachable',
    version: build,
    placements,
    presentBlobs: await presentBlobs(router.store, question, placements),
    disk: await diskOf(router.store),
    learned: learnedFrom(placements, question),
    ...(slots === null ? {} : { slots }),
    warnings: [
      ...[...running.values()].flatMap(({ warnings }) => warnings),
      ...(kept.sections.length === 0 ? [] : await hiddenSettings(router, context.io)),
    ],
  };
}

const isOurs = ({ store }: Router, { options }: ListedModel): boolean =>
  imageOfPath(store.path, options.get('model') ?? '') !== null;

interface Running {
  readonly loaded: LoadedState | null;
  readonly warnings: readonly Problem[];
}

/** By section; those that the server does not know of as they are kept are left out. */
async function runningModels(
  router: Router,
  kept: Kept,
  listing: readonly ListedModel[],
  context: BackendContext,
): Promise<ReadonlyMap<string, Running>> {
  const found = await mapBounded(kept.sections, questionsAtOnceMax, async (section) => {
    const model = listing.find(({ id }) => id === section.name);
    if (model === undefined || !(await isServed(router, section, kept, listing))) return [];
    const stored = kept.names.find(({ name }) => name === section.served);
    const load = stored?.load ?? {};
    const warnings = [
      ...overridden(router, section, model),
      ...shortened(router, section.served, load.contextLength, model),
    ];
    const loaded = await loadedState(router, section, model, load, context);
    return [[section.name, { loaded, warnings }] as const];
  });
  return new Map(found.flat());
}

/**
 * With the options that it was asked for: whatever else is in force is told as a warning, for loading
 * it again would not change it. What sleeps keeps its process and comes back with the next request.
 */
async function loadedState(
  { engine }: Router,
  { name }: ServedSection,
  model: ListedModel,
  { keepAliveMs: _, flags: __, ...load }: StoredName['load'],
  context: BackendContext,
): Promise<LoadedState | null> {
  if (model.state !== 'loaded' && model.state !== 'sleeping') return null;
  // The question would keep awake what is to fall asleep.
  const mayAsk = model.state === 'loaded' && !model.options.has('sleep-idle-seconds');
  const asleep = model.state === 'sleeping' ? false : ('unknown' as const);
  return {
    expiresAt: 'never',
    load,
    memoryBytes: model.state === 'sleeping' ? 0 : (model.bytes ?? 0),
    vramBytes: 0,
    ownHold: true,
    inUse: mayAsk ? await inUse(engine, context, name) : asleep,
  };
}

function placementOf(
  stored: StoredName,
  { sections }: Kept,
  running: ReadonlyMap<string, Running>,
): ObservedPlacement | null {
  const { name, digest, image, whole, load, aliasOf } = stored;
  if (image === null || !whole) return null;
  const placement = {
    name,
    digest,
    bytes: image.layers.reduce((sum, layer) => sum + layer.bytes, 0),
    details: detailsOf(image),
    configured: load,
  };
  // What others are built on is kept, and not served.
  if (isBaseName(name)) return { ...placement, loaded: null };
  const section = servedFrom(stored, sections);
  const state = section === undefined ? undefined : running.get(section.name);
  if (state === undefined) return { ...placement, served: false, loaded: null };
  const { loaded } = state;
  const ownHold = aliasOf === null;
  return { ...placement, loaded: loaded === null ? null : { ...loaded, ownHold } };
}

/** Sections that a run which was cut off left behind, after the name itself was removed. */
const leftSections = ({ store }: Router, { file, names }: Kept): readonly ObservedPlacement[] =>
  file.own.flatMap((section): ObservedPlacement[] => {
    const name = servedNameOf(section);
    const digest = imageOfPath(store.path, section.options.get('model') ?? '');
    if (digest === null || names.some((stored) => stored.name === name)) return [];
    return [{ name, digest, bytes: 0, details: null, served: false, loaded: null }];
  });
