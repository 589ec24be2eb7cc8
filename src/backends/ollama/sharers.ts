// Who else runs on the same weights? Ollama keeps one runner per weights for all names over them and
// shows it under the name that started it, so a runner can be needed by names of other contents.
import { mapBounded } from '../../core/concurrency.ts';
import type { Digest } from '../../core/digest.ts';
import type { BackendContext } from '../backend.ts';
import { list, show } from './client.ts';
import type { Workshop } from './replace.ts';
import type { Listing } from './translate.ts';

const showsAtOnce = 4;

/**
 * Whether any other content of the listing has the weights of `own`, which need not be in it. Asks
 * for each content once in the life of this process, and only when a runner is about to lose its
 * last name.
 */
export async function othersRunOn(
  workshop: Workshop,
  context: BackendContext,
  own: { readonly name: string; readonly digest: Digest },
  listing: Listing,
): Promise<boolean> {
  const { weights } = workshop;
  const names = new Map([...listing.models.values()].map(({ digest, name }) => [digest, name]));
  names.set(own.digest, own.name);
  await learn(workshop, context, names);
  const shared = weights.get(own.digest);
  return (
    shared !== undefined &&
    [...names.keys()].some((digest) => digest !== own.digest && weights.get(digest) === shared)
  );
}

/** Shown is whatever a name holds by then: nothing is remembered of a name that changed meanwhile. */
async function learn(
  { engine, weights }: Workshop,
  context: BackendContext,
  names: ReadonlyMap<Digest, string>,
): Promise<void> {
  const asked = [...names].filter(([digest]) => !weights.has(digest));
  if (asked.length === 0) return;
  const shown = await mapBounded(asked, showsAtOnce, async ([digest, name]) => {
    const details = await show(engine, context, name);
    return { digest, name, weights: details?.weights ?? null };
  });
  const { models, quarantine } = await list(engine, context);
  const now = new Map([...models.values(), ...quarantine].map((one) => [one.name, one.digest]));
  for (const one of shown) {
    if (one.weights !== null && now.get(one.name) === one.digest)
      weights.set(one.digest, one.weights);
  }
}
