// Removes a name: only the content that the plan saw, only when it is not loaded, and done
// only when it is seen to be gone. Ollama drops the blobs that no other name uses.
import { type Digest, shortDigest } from '../../core/digest.ts';
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { done, failedWith, unchanged } from '../outcome.ts';
import { list, remove, running } from './client.ts';
import { changedMeanwhile, inUse } from './failures.ts';
import { drop, savedOf } from './quarantine.ts';
import type { Workshop } from './replace.ts';
import { othersRunOn } from './sharers.ts';

export async function evict(
  workshop: Workshop,
  context: PerformContext,
  { name, replaces }: { readonly name: string; readonly replaces: Digest },
): Promise<Performed> {
  const { engine } = workshop;
  const [listing, { runners }] = await Promise.all([
    list(engine, context),
    running(engine, context),
  ]);
  const current = listing.models.get(name)?.digest;
  if (current === undefined) return unchanged(null);
  if (current !== replaces) {
    const detail = `${name} was to be ${shortDigest(replaces)} and is ${shortDigest(current)}.`;
    return failedWith(changedMeanwhile(engine.label, detail));
  }
  // A content that stays under another name keeps its runner; the last name must not be in use.
  const names = [...listing.models.values()].filter((one) => one.digest === current).length;
  if (names === 1 && runners.some((runner) => runner.digest === current)) {
    if (!(await othersRunOn(workshop, context, { name, digest: current }, listing))) {
      return failedWith(inUse(engine.label, name, `${name} is loaded.`));
    }
  }
  await remove(engine, context, name);
  // A copy that a cut-off replacement left would be all that remains of it, and nobody's.
  const saved = savedOf(listing, name);
  if (saved !== null) await drop(engine, context, saved);
  return (await isGone(engine, context, name, replaces))
    ? done('evicted', null)
    : failedWith(stillThere(engine, name));
}

const looks = 10;
const betweenLooksMs = 200;

/** Another content under the name is somebody else's new work: what we had to remove is gone. */
async function isGone(
  engine: Engine,
  context: PerformContext,
  name: string,
  digest: Digest,
): Promise<boolean> {
  for (let look = 0; look < looks; look += 1) {
    if ((await list(engine, context)).models.get(name)?.digest !== digest) return true;
    await context.io.clock.sleep(betweenLooksMs, context.signal);
  }
  return false;
}

const stillThere = (engine: Engine, name: string): Problem =>
  errorProblem({
    code: 'backend/still-there',
    summary: 'The engine did not remove the model',
    detail: `${engine.label} accepted to delete ${name} and still lists it.`,
    remedy: `Remove it by hand and look into the log of the engine:\n\n    ollama rm ${name}`,
    retry: 'later',
  });
