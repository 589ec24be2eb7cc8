// One action on the embedded engine: bytes and names go into the store from here, memory is the
// engine process's. Every failure becomes a result. Safe to repeat.
import type { OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { modelImage } from '../../artifacts/stores/oci/image.ts';
import { findName, readImage, readNames } from '../../artifacts/stores/oci/read.ts';
import { type Changed, putAlias, putImage, removeName } from '../../artifacts/stores/oci/write.ts';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { AssertionError } from '../../core/assert.ts';
import { adapterArtifact, type LoadOptions } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import type { Action, CreateAction, EvictAction, LoadAction, PullAction } from '../../core/plan.ts';
import { ProblemError } from '../../core/problem.ts';
import { type RunningModel, sameRun } from '../../engine/protocol.ts';
import { HttpError } from '../../io/io.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { changedMeanwhile, interrupted } from '../failures.ts';
import { load, unload } from './client.ts';
import { ensureEngine } from './control.ts';
import { baseGone, engineLost, inUse, notThere, storeFailure } from './failures.ts';
import { type Found, findEngine } from './find.ts';
import type { Place } from './place.ts';
import { detailsOf, runs } from './translate.ts';

export async function perform(
  place: Place,
  action: Action,
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
      const result = failed(interrupted(action.name));
      return wasInterrupted ? result : { ...result, outcome: 'unknown' };
    }
    if (error instanceof ProblemError) return failed(error.problem);
    if (error instanceof HttpError) return { ...failed(engineLost(error)), outcome: 'unknown' };
    const problem = storeFailure(place.store, error);
    if (problem === null) throw error;
    return failed(problem);
  }
}

const failed = (problem: NonNullable<Performed['problem']>): Performed => ({
  outcome: 'failed',
  digest: null,
  downloadedBytes: 0,
  problem,
});

async function build(
  place: Place,
  store: OciStore,
  action: PullAction | CreateAction,
  context: PerformContext,
): Promise<Performed> {
  const how = action.kind === 'pull' ? ({ kind: 'source' } as const) : action.build;
  const pointer = { name: action.name, load: action.load ?? {}, replaces: action.replaces };
  let downloadedBytes = 0;
  let changed: Changed;
  let digest: Digest;
  if (how.kind === 'alias') {
    const target = await findName(store, how.of);
    if (target === null || !target.whole) return failed(baseGone(action.name, how.of));
    digest = target.digest;
    changed = await putAlias(store, { ...pointer, digest });
  } else {
    const image = modelImage(action.artifact, how.kind === 'derive' ? how.recipe : {});
    digest = image.digest;
    changed = await putImage(store, {
      ...pointer,
      image,
      obtain: async (layer, onBytes) => {
        const [artifact, file] = fileOf(action.artifact, layer, how);
        const obtained = await context.obtain(artifact, file, onBytes);
        downloadedBytes += obtained.downloadedBytes;
        return obtained;
      },
      onBytes: context.onBytes,
      signal: context.signal,
    });
  }
  if (changed.kind === 'other') return failed(changedMeanwhile(action.name, changed.digest));
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

/** A layer is a file of the artifact, or one of an adapter that the recipe adds. */
function fileOf(
  artifact: Artifact,
  digest: Digest,
  how: CreateAction['build'],
): readonly [Artifact, ArtifactFile] {
  const adapters = how.kind === 'derive' ? (how.recipe.adapters ?? []) : [];
  for (const one of [artifact, ...adapters.map(adapterArtifact)]) {
    const file = one.files.find((candidate) => candidate.digest === digest);
    if (file !== undefined) return [one, file];
  }
  throw new AssertionError(`${digest} is no file of ${artifact.source}`);
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
  if (stored === null || stored.image === null || !stored.whole) return failed(notThere(name));
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
  if (engine.kind === 'unresponsive') return failed(engine.problem);
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
  if (engine.kind === 'unresponsive') return failed(engine.problem);
  if (await isLoaded(store, name, engine)) return failed(inUse(name));
  const changed = await removeName(store, name, replaces);
  if (changed.kind === 'other') return failed(changedMeanwhile(name, changed.digest));
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
