// One action on the embedded engine: bytes and names go into the store from here, memory is the
// engine process's. Every failure becomes a result. Safe to repeat.
import type { OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { findName, readImage, readNames } from '../../artifacts/stores/oci/read.ts';
import { removeName } from '../../artifacts/stores/oci/write.ts';
import type { LoadOptions } from '../../core/desired.ts';
import type {
  CreateAction,
  EvictAction,
  LoadAction,
  ModelAction,
  PullAction,
} from '../../core/plan.ts';
import { ProblemError } from '../../core/problem.ts';
import { type RunningModel, sameRun } from '../../engine/protocol.ts';
import { HttpError } from '../../io/io.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { changedMeanwhile, interrupted } from '../failures.ts';
import { buildName } from '../images/build.ts';
import { inUse, notThere, storeFailure } from '../images/failures.ts';
import { detailsOf } from '../images/identify.ts';
import { failedWith } from '../outcome.ts';
import { load, unload } from './client.ts';
import { ensureEngine } from './control.ts';
import { engineLost } from './failures.ts';
import { type Found, findEngine } from './find.ts';
import type { Place } from './place.ts';
import { runs } from './translate.ts';

export async function perform(
  place: Place,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  const store: OciStore = { path: place.store, io: context.io };
  const wasInterrupted = context.signal.aborted;
  try {
    switch (action.kind) {
      case 'pull':
      case 'create':
        return await build(place, store, action, context);
      case 'load':
        return await loadName(place, store, action, context);
      case 'unload':
        return await unloadName(place, action.name, context);
      case 'evict':
        return await evict(place, store, action, context);
    }
  } catch (error) {
    if (context.signal.aborted) {
      // What was written or asked for by then may have been all of it.
      const result = failedWith(interrupted(action.name));
      return wasInterrupted ? result : { ...result, outcome: 'unknown' };
    }
    if (error instanceof ProblemError) return failedWith(error.problem);
    if (error instanceof HttpError) return { ...failedWith(engineLost(error)), outcome: 'unknown' };
    const problem = storeFailure(place.store, error);
    if (problem === null) throw error;
    return failedWith(problem);
  }
}

async function build(
  place: Place,
  store: OciStore,
  action: PullAction | CreateAction,
  context: PerformContext,
): Promise<Performed> {
  const { digest, downloadedBytes, changed } = await buildName(store, action, context);
  if (changed.replaced !== null) await letGo(place, action.name, context);
  const stored = await readImage(store, digest);
  const made = action.kind === 'pull' ? 'pulled' : 'created';
  return {
    outcome: changed.kind === 'unchanged' ? 'unchanged' : made,
    digest,
    downloadedBytes,
    ...(stored === null ? {} : { details: detailsOf(stored) }),
  };
}

/** What the name kept in memory is no longer what it holds. */
async function letGo(place: Place, name: string, context: PerformContext): Promise<void> {
  const engine = await findEngine(place, context);
  if (engine.kind === 'running') await unload(engine.address, context, { name, whenIdle: true });
}

async function loadName(
  place: Place,
  store: OciStore,
  { name, load: options }: LoadAction,
  context: PerformContext,
): Promise<Performed> {
  const stored = await findName(store, name);
  if (stored === null || stored.image === null || !stored.whole) return failedWith(notThere(name));
  const { image, digest } = stored;
  const engine = await ensureEngine(place, context);
  const running = engine.status.models.find((model) => runs(model, image));
  if (running !== undefined && isHeldAs(running, name, options)) {
    return { outcome: 'unchanged', digest, downloadedBytes: 0 };
  }
  await load(engine.address, context, { name, load: options }, () => undefined);
  return { outcome: 'loaded', digest, downloadedBytes: 0 };
}

/** A hold that ends is worth renewing; one without end is not. */
const isHeldAs = (model: RunningModel, name: string, options: LoadOptions): boolean =>
  model.state === 'ready' &&
  sameRun(model.load, options) &&
  options.keepAliveMs === 'forever' &&
  model.holds.some((hold) => hold.name === name && hold.expiresAt === 'never');

async function unloadName(place: Place, name: string, context: PerformContext): Promise<Performed> {
  const engine = await findEngine(place, context);
  if (engine.kind === 'unresponsive') return failedWith(engine.problem);
  const unloaded =
    engine.kind === 'running' && (await unload(engine.address, context, { name, whenIdle: false }));
  return { outcome: unloaded ? 'unloaded' : 'unchanged', digest: null, downloadedBytes: 0 };
}

async function evict(
  place: Place,
  store: OciStore,
  { name, replaces }: EvictAction,
  context: PerformContext,
): Promise<Performed> {
  const engine = await findEngine(place, context);
  if (engine.kind === 'unresponsive') return failedWith(engine.problem);
  if (await isLoaded(store, name, engine)) return failedWith(inUse(name));
  const changed = await removeName(store, name, replaces);
  if (changed.kind === 'other') return failedWith(changedMeanwhile(name, changed.digest));
  const outcome = changed.kind === 'written' ? 'evicted' : 'unchanged';
  return { outcome, digest: null, downloadedBytes: 0 };
}

/** Under its own name, or as files that no other name keeps in the store. */
async function isLoaded(store: OciStore, name: string, engine: Found): Promise<boolean> {
  if (engine.kind !== 'running') return false;
  const names = await readNames(store);
  const image = names.find((one) => one.name === name)?.image ?? null;
  const model = image && engine.status.models.find((one) => runs(one, image));
  if (!model) return false;
  if (model.holds.some((hold) => hold.name === name)) return true;
  return !names.some((one) => one.name !== name && one.image !== null && runs(model, one.image));
}
