// One action on a llama-server: bytes and names go into the store, what is served follows from them,
// memory is the server's. Every failure becomes a result. Safe to repeat.
import { inTurn } from '../../artifacts/stores/oci/exclusive.ts';
import { findName, readImage, readNames } from '../../artifacts/stores/oci/read.ts';
import { removeName } from '../../artifacts/stores/oci/write.ts';
import type {
  CreateAction,
  EvictAction,
  LoadAction,
  ModelAction,
  PullAction,
} from '../../core/plan.ts';
import { ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { changedMeanwhile, interrupted } from '../failures.ts';
import { buildName } from '../images/build.ts';
import { inUse, notThere, storeFailure } from '../images/failures.ts';
import { detailsOf } from '../images/identify.ts';
import { done, failedWith, unchanged, unknownAfter } from '../outcome.ts';
import { inUse as isInUse, models } from './client.ts';
import { busyModel } from './failures.ts';
import { loadModel, unloadModel } from './memory.ts';
import { sectionOf } from './names.ts';
import { isServed, type Router, readKept, routerOf, routerProps } from './router.ts';
import { servedFrom } from './sections.ts';
import { sync } from './sync.ts';
import { isRunning, type ListedModel } from './translate.ts';

export async function perform(
  engine: Engine,
  store: string | null,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  const wasInterrupted = context.signal.aborted;
  try {
    const router = routerOf(engine, store, context.io);
    return isFetching(action)
      ? await act(router, action, context)
      : await inTurn(`${router.preset} memory`, () => act(router, action, context));
  } catch (error) {
    if (context.signal.aborted) {
      const problem = interrupted(action.name);
      return wasInterrupted ? failedWith(problem) : unknownAfter(problem);
    }
    if (error instanceof ProblemError) return failedWith(error.problem);
    const problem = store === null ? null : storeFailure(store, error);
    if (problem === null) throw error;
    return failedWith(problem);
  }
}

/** What may take hours takes no turns. */
const isFetching = (action: ModelAction): boolean =>
  action.kind === 'pull' || (action.kind === 'create' && action.build.kind !== 'alias');

/**
 * Of the rest one after the other, in the order of the plan: an alias is part of what its model is run
 * with, so that a load beside it would be ended by it.
 */
async function act(
  router: Router,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  context.signal.throwIfAborted();
  switch (action.kind) {
    case 'pull':
    case 'create':
      return build(router, action, context);
    case 'load':
      return loadName(router, action, context);
    case 'unload':
      return unloadName(router, action.name, context);
    case 'evict':
      return evict(router, action, context);
  }
}

async function build(
  router: Router,
  action: PullAction | CreateAction,
  context: PerformContext,
): Promise<Performed> {
  // Before anything is fetched: a server that cannot serve it needs none of it.
  await routerProps(router, context);
  const { changed, digest, downloadedBytes } = await buildName(router.store, action, context, {
    marksAliases: true,
    beforeNaming: () => refuseWhileBusy(router, action.name, context),
  });
  const of =
    action.kind === 'create' && action.build.kind === 'alias' ? action.build.of : action.name;
  const wasSynced = await sync(router, context, { section: sectionOf(of) });
  const stored = await readImage(router.store, digest);
  const made = action.kind === 'pull' ? 'pulled' : 'created';
  const outcome = changed.kind === 'unchanged' && !wasSynced ? 'unchanged' : made;
  return done(outcome, digest, downloadedBytes, stored === null ? null : detailsOf(stored));
}

/** Another content, or other options, end what runs under the name. */
async function refuseWhileBusy(
  router: Router,
  name: string,
  context: PerformContext,
): Promise<void> {
  const model = await modelOf(router, name, context);
  if (model?.state !== 'loaded') return;
  if ((await isInUse(router.engine, context, model.id)) === true) {
    throw new ProblemError(busyModel(name));
  }
}

/** Of a name, or of what it is an alias of. */
async function modelOf(
  router: Router,
  name: string,
  context: PerformContext,
): Promise<ListedModel | undefined> {
  const stored = await findName(router.store, name);
  const id = sectionOf(stored?.aliasOf ?? name);
  return (await models(router.engine, context)).find((model) => model.id === id);
}

async function loadName(
  router: Router,
  { name }: LoadAction,
  context: PerformContext,
): Promise<Performed> {
  const { engine } = router;
  await routerProps(router, context);
  const kept = await readKept(router);
  const stored = kept.names.find((one) => one.name === name);
  const section = stored && servedFrom(stored, kept.sections);
  if (stored === undefined || section === undefined) return failedWith(notThere(name));
  const listing = await models(engine, context);
  if (!(await isServed(router, section, kept, listing))) return failedWith(notThere(name));
  const id = section.name;
  const model = listing.find((one) => one.id === id);
  if (model?.state === 'loaded' || model?.state === 'sleeping') return unchanged(stored.digest);
  // While it does not run, so that nothing is ended by it.
  if (model?.state !== 'loading') {
    await sync(router, context, { section: id, onStart: true });
  }
  await loadModel(engine, context, { id, name });
  return done('loaded', stored.digest);
}

async function unloadName(
  router: Router,
  name: string,
  context: PerformContext,
): Promise<Performed> {
  await routerProps(router, context);
  const model = await modelOf(router, name, context);
  if (model === undefined || !isRunning(model)) {
    await unmark(router, name, context);
    return unchanged(null);
  }
  await refuseWhileBusy(router, name, context);
  await unloadModel(router.engine, context, model.id);
  await unmark(router, name, context);
  return done('unloaded', null);
}

const unmark = (router: Router, name: string, context: PerformContext): Promise<boolean> =>
  sync(router, context, { section: sectionOf(name), onStart: false });

async function evict(
  router: Router,
  { name, replaces }: EvictAction,
  context: PerformContext,
): Promise<Performed> {
  await routerProps(router, context);
  const names = await readNames(router.store);
  const aliasOf = names.find((one) => one.name === name)?.aliasOf ?? null;
  const model = await modelOf(router, name, context);
  if (model !== undefined && isRunning(model) && aliasOf === null) return failedWith(inUse(name));
  if (aliasOf !== null) await refuseWhileBusy(router, name, context);
  const changed = await removeName(router.store, name, replaces);
  if (changed.kind === 'other') return failedWith(changedMeanwhile(name, changed.digest));
  const wasSynced = await sync(router, context, { section: sectionOf(aliasOf ?? name) });
  const isGone = changed.kind === 'written' || wasSynced;
  return isGone ? done('evicted', null) : unchanged(null);
}
