// Loads and unloads. A load is done when the engine lists the runner, an unload when it no longer
// does: what the engine answers says only that it has heard.
import type { LoadOptions } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { done, failedWith, unchanged } from '../outcome.ts';
import { list, load, type Running, release, running, show } from './client.ts';
import { changedMeanwhile, inUse } from './failures.ts';
import { expiry, type Listing, type Runner } from './translate.ts';

export async function loadName(
  engine: Engine,
  context: PerformContext,
  { name, load: options }: { readonly name: string; readonly load: LoadOptions },
): Promise<Performed> {
  const [listing, before] = await Promise.all([list(engine, context), running(engine, context)]);
  const digest = listing.models.get(name)?.digest;
  if (digest === undefined)
    return failedWith(changedMeanwhile(engine.label, `${name} is not there.`));
  const same = before.runners.find((runner) => runner.digest === digest);
  if (
    same !== undefined &&
    options.keepAliveMs === 'forever' &&
    expiry(same, before.nowMs) === 'never'
  ) {
    return unchanged(digest);
  }
  if (same === undefined) {
    const sharing = await runnerOfSameWeights(engine, context, name, listing, before.runners);
    if (sharing !== null && sharing.expiresAt < before.nowMs) {
      const detail = `The weights of ${name} are in use as ${sharing.name}, with other options.`;
      return failedWith(inUse(engine.label, sharing.name, detail));
    }
  }
  await load(engine, context, name, options.keepAliveMs);
  const { isServed, orphans } = await isRunning(engine, context, name, listing);
  if (isServed) return done('loaded', digest);
  if (orphans === 0) return failedWith(notLoaded(engine, name));
  // The engine took the runner that it had, under what is no longer there: it starts anew.
  await release(engine, context, name);
  await until(engine, context, (runners) => orphansOf(runners, listing).length < orphans);
  await load(engine, context, name, options.keepAliveMs);
  return done('loaded', digest);
}

interface Served {
  readonly isServed: boolean;
  readonly orphans: number;
}

async function isRunning(
  engine: Engine,
  context: PerformContext,
  name: string,
  listing: Listing,
): Promise<Served> {
  const { runners } = await running(engine, context);
  const digest = listing.models.get(name)?.digest;
  const isServed =
    runners.some((runner) => runner.digest === digest) ||
    (await runnerOfSameWeights(engine, context, name, listing, runners)) !== null;
  return { isServed, orphans: orphansOf(runners, listing).length };
}

/** Their names hold other contents by now, or are gone: nobody can say what they run. */
const orphansOf = (runners: readonly Runner[], { models }: Listing): readonly Runner[] =>
  runners.filter((runner) => models.get(runner.name)?.digest !== runner.digest);

/** The engine has one runner per weights and shows it under the name that started it. */
async function runnerOfSameWeights(
  engine: Engine,
  context: PerformContext,
  name: string,
  listing: Listing,
  runners: readonly Runner[],
): Promise<Runner | null> {
  const known = runners.filter((one) => listing.models.get(one.name)?.digest === one.digest);
  if (known.length === 0) return null;
  const weights = (await show(engine, context, name))?.weights ?? null;
  if (weights === null) return null;
  for (const runner of known) {
    if ((await show(engine, context, runner.name))?.weights === weights) return runner;
  }
  return null;
}

/** Requests that are under way are finished first. */
const unloadTimeoutMs = 60_000;
const firstPauseMs = 50;
const pauseMsMax = 1_000;

export async function unloadName(
  engine: Engine,
  context: PerformContext,
  name: string,
): Promise<Performed> {
  const [listing, before] = await Promise.all([list(engine, context), running(engine, context)]);
  const digest = listing.models.get(name)?.digest ?? null;
  const runner =
    ownRunner(before, name, digest) ??
    (await runnerOfSameWeights(engine, context, name, listing, before.runners));
  if (runner === null) return unloadOrphan(engine, context, { name, digest }, before);
  // Any name of the weights unloads them; the one that is shown may have been removed since.
  await release(engine, context, digest === null ? runner.name : name);
  const gone = await untilGone(engine, context, (one) => one.digest === runner.digest);
  if (gone) return done('unloaded', digest);
  return failedWith(inUse(engine.label, name, `${name} still works on requests after a minute.`));
}

/** What nobody knows the weights of goes at once, or is not of this name's. */
const orphanTimeoutMs = 5_000;

/**
 * Shown under the name, but of what it held before. The order to unload reaches it if it has the
 * same weights; else nothing of what the name holds is in memory.
 */
async function unloadOrphan(
  engine: Engine,
  context: PerformContext,
  { name, digest }: { readonly name: string; readonly digest: Digest | null },
  { runners }: Running,
): Promise<Performed> {
  const orphan = runners.find((one) => one.name === name);
  if (orphan === undefined) return unchanged(digest);
  await release(engine, context, name);
  const isGone = (now: readonly Runner[]): boolean =>
    !now.some((one) => one.digest === orphan.digest);
  return (await until(engine, context, isGone, orphanTimeoutMs))
    ? done('unloaded', digest)
    : unchanged(digest);
}

/** Waits until no runner is of this kind any more; false when some still are after a minute. */
export const untilGone = (
  engine: Engine,
  context: PerformContext,
  isIt: (runner: Runner) => boolean,
): Promise<boolean> => until(engine, context, (runners) => !runners.some(isIt));

async function until(
  engine: Engine,
  context: PerformContext,
  isSo: (runners: readonly Runner[]) => boolean,
  timeoutMs: number = unloadTimeoutMs,
): Promise<boolean> {
  const { clock } = context.io;
  const deadline = clock.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
    if (isSo((await running(engine, context)).runners)) return true;
    if (clock.now() >= deadline) return false;
    await clock.sleep(pauseMs, context.signal);
  }
}

/** A name that is gone is still shown for what it started. */
const ownRunner = ({ runners }: Running, name: string, digest: Digest | null): Runner | null =>
  runners.find((one) => (digest === null ? one.name === name : one.digest === digest)) ?? null;

const notLoaded = (engine: Engine, name: string): Problem =>
  errorProblem({
    code: 'backend/not-loaded',
    summary: 'The model did not stay in memory',
    detail: `${engine.label} loaded ${name} and let it go at once, as it does to make room for others.`,
    remedy: 'Keep fewer models loaded there, or raise OLLAMA_MAX_LOADED_MODELS.',
    retry: 'later',
  });
