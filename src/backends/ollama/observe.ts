// What an Ollama holds and runs, as core knows it. Three requests when everything is known; more
// only for details never seen before and for blobs of what is missing. Reads only.
import type { Artifact } from '../../core/artifact.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import { sameJson } from '../../core/canonical.ts';
import { mapBounded } from '../../core/concurrency.ts';
import type { Digest } from '../../core/digest.ts';
import type {
  BackendObservation,
  Capacity,
  Details,
  LoadedState,
  ObservedPlacement,
} from '../../core/observed.ts';
import { ProblemError } from '../../core/problem.ts';
import type { BackendContext, Question } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { accessOf } from './access.ts';
import { hasBlob, list, type Running, running, show, version } from './client.ts';
import { savedOf } from './quarantine.ts';
import {
  expiry,
  type ListedModel,
  type Listing,
  type Runner,
  runningOptions,
} from './translate.ts';

/** Ollama reads a model's whole header for each. */
const showsAtOnce = 4;
const headsAtOnce = 8;

export async function observe(
  engine: Engine,
  reference: BackendReference,
  question: Question,
  context: BackendContext,
): Promise<BackendObservation> {
  try {
    return await look(engine, reference, question, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ProblemError) return { kind: 'unreachable', problem: error.problem };
    throw error;
  }
}

async function look(
  engine: Engine,
  reference: BackendReference,
  question: Question,
  context: BackendContext,
): Promise<BackendObservation> {
  const [told, listing, inMemory] = await threeReads(engine, context);
  const learned = await learn(engine, context, question, listing, inMemory.runners);
  const details = (digest: Digest): Details | null =>
    learned.get(digest) ?? question.remembered.get(digest) ?? null;
  const presentBlobs = await blobsOf(engine, context, question, listing);
  const weightsOf = (name: string, digest: Digest): Digest | null => {
    const known = details(digest)?.weights;
    if (known !== undefined && known !== null) return known;
    const wanted = question.wanted.get(name);
    return wanted?.digest === digest ? wanted.artifact.weights : null;
  };
  const find = runnerFinder(inMemory.runners, listing, { details, weightsOf });
  const placements = new Map<string, ObservedPlacement>();
  for (const listed of listing.models.values()) {
    const { name, digest, bytes } = listed;
    const known = details(digest);
    const runner = find(listed, known);
    const loaded = runner === null ? null : loadedState(runner, inMemory, context);
    const cutOff = savedOf(listing, name) === null ? {} : { cutOff: true };
    placements.set(name, { name, digest, bytes, details: known, ...cutOff, loaded });
  }
  const disk = await diskOf(reference, context);
  const access = isLacking(question, listing)
    ? { access: await accessOf(reference, listing, context.io) }
    : {};
  return { kind: 'reachable', version: told, placements, presentBlobs, disk, learned, ...access };
}

/** The first failure ends the others: a hanging list is not waited for once the engine is down. */
async function threeReads(
  engine: Engine,
  context: BackendContext,
): Promise<readonly [string, Listing, Running]> {
  const giveUp = new AbortController();
  const shared = { ...context, signal: AbortSignal.any([context.signal, giveUp.signal]) };
  try {
    return await Promise.all([
      version(engine, shared),
      list(engine, shared),
      running(engine, shared),
    ]);
  } finally {
    giveUp.abort();
  }
}

/**
 * Details by digest that were not known: of the names in question, and of what runs, so that a
 * runner is recognised under every name that shares its weights.
 */
async function learn(
  engine: Engine,
  context: BackendContext,
  question: Question,
  listing: Listing,
  runners: readonly Runner[],
): Promise<ReadonlyMap<Digest, Details>> {
  const names = new Map<Digest, string>();
  const ask = (name: string, digest: Digest | undefined): void => {
    if (digest !== undefined && !question.remembered.has(digest)) names.set(digest, name);
  };
  for (const name of question.detailsOf) ask(name, listing.models.get(name)?.digest);
  for (const { name, digest } of runners) {
    // A running model keeps its old content when its name has been given another.
    const listed = listing.models.get(name);
    if (question.wanted.size > 0 && listed?.digest === digest) ask(name, digest);
  }
  const learned = new Map<Digest, Details>();
  await mapBounded([...names], showsAtOnce, async ([digest, name]) => {
    // A model that cannot be shown, as with a damaged file, says nothing of the others.
    const details = await show(engine, context, name);
    if (details !== null) learned.set(digest, details);
  });
  if (learned.size === 0) return learned;
  // Shown is whatever a name holds by then. What is remembered for a digest is never asked for
  // again, so it must not be that of other content, given to the name since it was listed.
  const { models } = await list(engine, context);
  return new Map(
    [...learned].filter(([digest]) => models.get(names.get(digest) ?? '')?.digest === digest),
  );
}

/** What is wanted and not there, as far as digests tell. */
function* lacking({ wanted }: Question, { models }: Listing): Iterable<{ artifact: Artifact }> {
  for (const [name, { artifact, digest }] of wanted) {
    const listed = models.get(name);
    if (listed === undefined || (digest !== null && listed.digest !== digest)) yield { artifact };
  }
}

/** Which way in is open matters only to what is to be brought. */
const isLacking = (question: Question, listing: Listing): boolean =>
  lacking(question, listing)[Symbol.iterator]().next().done !== true;

async function blobsOf(
  engine: Engine,
  context: BackendContext,
  question: Question,
  listing: Listing,
): Promise<ReadonlySet<Digest>> {
  const digests = new Set<Digest>();
  for (const { artifact } of lacking(question, listing)) {
    for (const file of artifact.files) digests.add(file.digest);
  }
  const present = await mapBounded([...digests], headsAtOnce, async (digest) =>
    (await hasBlob(engine, context, digest)) ? [digest] : [],
  );
  return new Set(present.flat());
}

/**
 * Which runner serves a name. The engine keeps one runner per weights and shows it under the name
 * that started it, so: the same content, else the same weights run with the context, the options and
 * the adapters that the name asks for. With others a call by this name would start it anew.
 */
function runnerFinder(
  runners: readonly Runner[],
  listing: Listing,
  { details: detailsFor, weightsOf }: Known,
): (listed: ListedModel, details: Details | null) => Runner | null {
  const byDigest = new Map(runners.map((runner) => [runner.digest, runner]));
  const byWeights = new Map<Digest, Runner>();
  for (const runner of runners) {
    const name = listing.models.get(runner.name)?.digest === runner.digest ? runner.name : '';
    const weights = weightsOf(name, runner.digest);
    if (weights !== null) byWeights.set(weights, runner);
  }
  return (listed, details) => {
    const same = byDigest.get(listed.digest);
    if (same !== undefined || byWeights.size === 0) return same ?? null;
    const weights = weightsOf(listed.name, listed.digest);
    const shared = weights === null ? undefined : byWeights.get(weights);
    if (shared === undefined) return null;
    return runsAs(shared, detailsFor(shared.digest), listed, details) ? shared : null;
  };
}

interface Known {
  readonly details: (digest: Digest) => Details | null;
  readonly weightsOf: (name: string, digest: Digest) => Digest | null;
}

const bakedContext = (details: Details | null): unknown => details?.recipe.parameters?.['num_ctx'];

/** What else a runner is started with, and cannot change: see needsReload in server/sched.go. */
const bakedRest = (details: Details | null): unknown => {
  const { parameters = {}, adapters = [] } = details?.recipe ?? {};
  const options = restOfLoadTime.map((option) => parameters[option] ?? null);
  return [...options, ...adapters.map(({ digest }) => digest)];
};

const restOfLoadTime = ['num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread'] as const;

/** `started` are the details of what started the runner, where they are known. */
function runsAs(
  runner: Runner,
  started: Details | null,
  listed: ListedModel,
  details: Details | null,
): boolean {
  if (!sameJson(bakedRest(started), bakedRest(details))) return false;
  const wanted = bakedContext(details);
  const { contextLength } = runner;
  // A name that says nothing runs with the engine's default, which another name's own is not.
  if (typeof wanted !== 'number') return typeof bakedContext(started) !== 'number';
  if (contextLength === undefined) return true;
  // More than the model was trained for is cut to that.
  return contextLength === Math.min(wanted, listed.trainedContextLength ?? contextLength);
}

/** A runner's time to expire is set when it goes idle: past it, requests are under way. */
function loadedState(runner: Runner, { nowMs }: Running, context: BackendContext): LoadedState {
  const { memoryBytes, vramBytes } = runner;
  const expiresAt = expiry(runner, nowMs);
  return {
    expiresAt: expiresAt === 'never' ? expiresAt : expiresAt - nowMs + context.io.clock.now(),
    load: runningOptions(runner),
    memoryBytes,
    vramBytes,
    inUse: expiresAt !== 'never' && expiresAt < nowMs ? true : 'unknown',
  };
}

/** No endpoint tells the engine's disk: known only where its folder is ours to see. */
async function diskOf(reference: BackendReference, { io }: BackendContext): Promise<Capacity> {
  if (reference.store === null) return { kind: 'unknown' };
  // A folder that is not there, or not ours to look at, tells nothing; neither is an error.
  const space = await io.files.space(reference.store).catch(() => null);
  return space === null ? { kind: 'unknown' } : { kind: 'known', ...space };
}
