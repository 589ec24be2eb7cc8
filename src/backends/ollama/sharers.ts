// Who else runs on the same weights? Ollama keeps one runner per weights for all names over them and
// shows it under the name that started it, so a runner can be needed by names of other contents.

import { mapBounded } from '../../core/concurrency.ts';
import type { BackendContext } from '../backend.ts';
import { show } from './client.ts';
import type { Listing } from './translate.ts';
import type { Engine } from './transport.ts';

const showsAtOnce = 4;

/**
 * Whether any other name of the listing has the weights of `name`, which need not be in it. Asks for
 * each: only for when a runner is about to lose its name.
 */
export async function othersRunOn(
  engine: Engine,
  context: BackendContext,
  name: string,
  listing: Listing,
): Promise<boolean> {
  const own = (await show(engine, context, name))?.weights ?? null;
  if (own === null) return false;
  const others = [...listing.models.keys()].filter((other) => other !== name);
  const details = await mapBounded(others, showsAtOnce, (other) => show(engine, context, other));
  return details.some((one) => one?.weights === own);
}
