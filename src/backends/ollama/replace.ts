// Brings new content to a name, whatever brings it: looks immediately before and after, keeps the
// old content aside meanwhile, and judges by the state it finds, not by what a stream claimed. On
// every way out the name holds the new content or what it held before.
import { type Digest, shortDigest } from '../../core/digest.ts';
import type { Details } from '../../core/observed.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import type { Clock } from '../../io/io.ts';
import type { PerformContext, Performed } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { done, failedWith, interruption, unchanged, unknownAfter } from '../outcome.ts';
import type { StoreOfServer } from './access.ts';
import { list, release, remove, running } from './client.ts';
import { changedMeanwhile } from './failures.ts';
import { untilGone } from './memory.ts';
import { drop, needless, putBack, type Saved, save, savedOf } from './quarantine.ts';
import { othersRunOn } from './sharers.ts';
import type { Listing } from './translate.ts';

/** An engine and what this process is doing to it. */
export interface Workshop {
  readonly engine: Engine;
  readonly reference: StoreOfServer;
  /** Names whose content is being replaced now. */
  readonly busy: Set<string>;
  /** Of contents that were asked for; see sharers.ts. */
  readonly weights: Map<Digest, Digest>;
}

/** Filled in while the work goes on: what is known of it when it ends early. */
export interface Progress {
  downloadedBytes: number;
  /** The engine has begun to write the name. */
  wrote: boolean;
}

export interface Replacement {
  readonly name: string;
  readonly outcome: 'pulled' | 'created';
  /** What the plan saw there; null for nothing. */
  readonly replaces: Digest | null;
  /** The digest afterwards, where it is known beforehand. */
  readonly coming: Digest | null;
  /** What must hold besides: null when it does. */
  readonly precondition?: (listing: Listing) => Problem | null;
  /** Long work that touches no name, such as uploads. */
  readonly prepare?: (progress: Progress) => Promise<void>;
  readonly make: (progress: Progress, listing: Listing) => Promise<void>;
  /** Whether unexpected content is this very work done before, or done by a stream that was cut. */
  readonly recognise?: (listing: Listing) => Promise<Details | null>;
  /** Of what is there now; worth remembering. */
  readonly details?: () => Promise<Details | null>;
}

export async function replace(
  workshop: Workshop,
  context: PerformContext,
  work: Replacement,
): Promise<Performed> {
  const progress: Progress = { downloadedBytes: 0, wrote: false };
  const early = await firstLook(workshop, context, work);
  if ('outcome' in early) return early;
  let listing: Listing = early;
  if (work.prepare !== undefined) {
    const problem = await attempt(workshop, context, work.name, () => work.prepare?.(progress));
    if (problem !== null) return failedWith(problem, progress.downloadedBytes);
    const again = await firstLook(workshop, context, work);
    if ('outcome' in again) return again;
    listing = again;
  }
  workshop.busy.add(work.name);
  try {
    const { name, replaces, coming } = work;
    const saved =
      replaces === null ? null : await save(workshop.engine, context, listing, name, coming);
    const problem = await attempt(workshop, context, name, () => work.make(progress, listing));
    return await settle(workshop, context, work, progress, { saved, problem, listing });
  } finally {
    workshop.busy.delete(work.name);
  }
}

/** What is there is what the plan rests on; else the result that says so. */
async function firstLook(
  { engine, busy }: Workshop,
  context: PerformContext,
  work: Replacement,
): Promise<Listing | Performed> {
  const found = await list(engine, context);
  const leftovers = needless(found, busy);
  for (const saved of leftovers) await drop(engine, context, saved);
  const listing = {
    ...found,
    quarantine: found.quarantine.filter((one) => !leftovers.includes(one)),
  };
  const current = listing.models.get(work.name)?.digest ?? null;
  if (current !== null && current === work.coming) return unchanged(current);
  if (current !== work.replaces) {
    const details = current === null ? null : await work.recognise?.(listing);
    if (current !== null && details) return { ...unchanged(current), details };
    const detail = `${work.name} was to be ${shown(work.replaces)} and is ${shown(current)}.`;
    return failedWith(changedMeanwhile(engine.label, detail));
  }
  const problem = work.precondition?.(listing) ?? null;
  return problem === null ? listing : failedWith(problem);
}

const shown = (digest: Digest | null): string => (digest === null ? 'absent' : shortDigest(digest));

async function attempt(
  { engine }: Workshop,
  context: PerformContext,
  name: string,
  step: () => Promise<void> | undefined,
): Promise<Problem | null> {
  try {
    await step();
    return null;
  } catch (error) {
    if (context.signal.aborted) return interruption(engine.label, `make ${name}`);
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
}

/** A request that was given up may still be ending in the engine. */
const settlingMs = 300;
const aftermathMs = 10_000;

interface Attempted {
  /** Before it. */
  readonly listing: Listing;
  readonly saved: Saved | null;
  readonly problem: Problem | null;
}

async function settle(
  workshop: Workshop,
  context: PerformContext,
  work: Replacement,
  progress: Progress,
  { saved, problem, listing }: Attempted,
): Promise<Performed> {
  const { clock } = context.io;
  const finished = new AbortController();
  try {
    // An interrupted run still leaves the name in order, but nobody waits long for that.
    const after = context.signal.aborted
      ? { ...context, signal: limited(clock, finished.signal) }
      : context;
    if (problem !== null) await clock.sleep(settlingMs, after.signal);
    return await judge(workshop, after, work, progress, { saved, problem, listing });
  } catch (error) {
    // The saved copy stays: the next work on this name finds it.
    const why = error instanceof ProblemError ? error.problem : null;
    if (why === null && !context.signal.aborted) throw error;
    const known = problem ?? why ?? interruption(workshop.engine.label, `make ${work.name}`);
    return unknownAfter(known, progress.downloadedBytes);
  } finally {
    finished.abort();
  }
}

function limited(clock: Clock, finished: AbortSignal): AbortSignal {
  const limit = new AbortController();
  void clock.sleep(aftermathMs, finished).then(
    () => limit.abort(),
    () => undefined,
  );
  return limit.signal;
}

async function judge(
  workshop: Workshop,
  context: PerformContext,
  work: Replacement,
  progress: Progress,
  { saved, problem, listing: before }: Attempted,
): Promise<Performed> {
  const { engine } = workshop;
  const { name, coming, replaces } = work;
  const { downloadedBytes, wrote } = progress;
  const listing = await list(engine, context);
  const leftover = saved ?? savedOf(listing, name);
  const digest = listing.models.get(name)?.digest ?? null;
  const right = coming === null ? problem === null : digest === coming;
  if (right && digest !== null && (await isCopiedOver(work, digest, before, listing))) {
    const detail = `${name} was made, and holds ${shortDigest(digest)} by now.`;
    return failedWith(changedMeanwhile(engine.label, detail), downloadedBytes);
  }
  const changed = digest !== null && digest !== replaces;
  const recognised = changed && !right ? await work.recognise?.(listing) : null;
  if (digest !== null && (right || recognised)) {
    if (leftover !== null) {
      if (leftover.digest !== digest) await letGo(workshop, context, listing, leftover);
      await drop(engine, context, leftover);
    }
    const details = recognised ?? (await work.details?.()) ?? null;
    // Shown is whatever the name holds by then, and it is remembered for the digest for good.
    const isOfDigest =
      details !== null && (await list(engine, context)).models.get(name)?.digest === digest;
    return done(work.outcome, digest, downloadedBytes, isOfDigest ? details : null);
  }
  // What appeared without the engine having said that it writes is somebody else's.
  const ours = wrote || digest === null || digest === replaces;
  if (saved !== null && ours && digest !== saved.digest)
    await putBack(engine, context, saved, name);
  if (saved === null && wrote && digest !== null) await remove(engine, context, name);
  if (saved !== null) await drop(engine, context, saved);
  return failedWith(problem ?? notAsLocked(engine, name, coming, digest), downloadedBytes);
}

/**
 * Whether somebody has copied another name over what was made here. Of what an engine derives the
 * digest is not known beforehand, and a wrong one would be remembered as made for good.
 */
async function isCopiedOver(
  { name, coming, recognise }: Replacement,
  digest: Digest,
  before: Listing,
  listing: Listing,
): Promise<boolean> {
  if (coming !== null || recognise === undefined) return false;
  const others = [...before.models.values()].filter((one) => one.name !== name);
  return others.some((one) => one.digest === digest) && (await recognise(listing)) === null;
}

/**
 * A runner of the old content can only be reached by a name that holds it. Loaded to stay, it would
 * keep its memory until the engine ends; it finishes its requests first. What serves other names
 * over the same weights stays.
 */
async function letGo(
  workshop: Workshop,
  context: PerformContext,
  listing: Listing,
  saved: Saved,
): Promise<void> {
  const { engine } = workshop;
  const isOld = ({ digest }: { readonly digest: Digest }): boolean => digest === saved.digest;
  if ([...listing.models.values()].some(isOld)) return;
  if (!(await running(engine, context)).runners.some(isOld)) return;
  if (await othersRunOn(workshop, context, saved, listing)) return;
  await release(engine, context, saved.name);
  await untilGone(engine, context, isOld);
}

/** The stream ended well and yet another content is there: the tag moved after it was locked. */
function notAsLocked(
  engine: Engine,
  name: string,
  coming: Digest | null,
  found: Digest | null,
): Problem {
  if (coming === null || found === null) {
    return errorProblem({
      code: 'backend/not-there',
      summary: 'The model is not there after all',
      detail: `${engine.label} reported success, but does not list ${name}.`,
      remedy: 'Apply again; if it stays so, look into the log of the engine.',
      retry: 'later',
    });
  }
  return upstreamMoved(engine, name, coming, found);
}

export const upstreamMoved = (
  engine: Engine,
  name: string,
  locked: Digest,
  found: Digest | null,
): Problem =>
  errorProblem({
    code: 'backend/upstream-moved',
    summary: 'The tag no longer stands for what was locked',
    detail:
      `${engine.label} got ${found === null ? 'other content' : shortDigest(found)} for ${name}; ` +
      `locked is ${shortDigest(locked)}. What was there before is there again.`,
    remedy:
      'See what changed upstream: `modelctl outdated`. To take it, name the Model and apply again: ' +
      '`modelctl update MODEL`.',
    retry: 'never',
  });
