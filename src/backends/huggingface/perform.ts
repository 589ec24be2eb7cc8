// One action on a Hugging Face cache. Every failure becomes a result. Safe to repeat.
import { fileProblem } from '../../artifacts/file-problem.ts';
import { huggingFaceCache } from '../../artifacts/stores/huggingface/index.ts';
import { AssertionError } from '../../core/assert.ts';
import type { EvictAction, ModelAction } from '../../core/plan.ts';
import { type Problem, ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { changedMeanwhile, interrupted } from '../failures.ts';
import { bring } from './bring.ts';
import { filesStay } from './failures.ts';
import { letGo } from './let-go.ts';
import { wholeVersion } from './look.ts';
import { changeName, readNames } from './names.ts';
import type { Place } from './place.ts';

export async function perform(
  place: Place,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  const wasInterrupted = context.signal.aborted;
  try {
    switch (action.kind) {
      case 'pull':
        return await bring(place, action, context);
      case 'evict':
        return await evict(place, action, context);
      case 'create':
      case 'load':
      case 'unload':
        throw new AssertionError(`a Hugging Face cache is not asked to ${action.kind}`);
    }
  } catch (error) {
    if (context.signal.aborted) {
      // What was written by then may have been all of it.
      const result = failed(interrupted(action.name));
      return wasInterrupted ? result : { ...result, outcome: 'unknown' };
    }
    return failed(fileProblem(error, `change ${place.cache}`));
  }
}

const failed = (problem: Problem): Performed => ({
  outcome: 'failed',
  digest: null,
  downloadedBytes: 0,
  problem,
});

/** The name goes first: cut off after that, its files are on no name any more and are swept. */
async function evict(
  place: Place,
  { name, replaces }: EvictAction,
  context: PerformContext,
): Promise<Performed> {
  const { io, signal } = context;
  signal.throwIfAborted();
  const stored = (await readNames(place, io)).get(name);
  if (stored === undefined) return { outcome: 'unchanged', digest: null, downloadedBytes: 0 };
  const there = await wholeVersion(huggingFaceCache(io, place.cache), stored);
  if (there !== null && there.digest !== replaces) {
    throw new ProblemError(changedMeanwhile(name, there.digest));
  }
  await changeName(place, io, name, null);
  const kept = await letGo(place, stored.versions, 'goes', context);
  return {
    outcome: 'evicted',
    digest: null,
    downloadedBytes: 0,
    ...(kept.length === 0 ? {} : { problem: filesStay(name, kept) }),
  };
}
