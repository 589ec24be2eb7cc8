// The old content of a name while it is being replaced: a copy under a name of ours, which costs a
// manifest and keeps the blobs. Made before, dropped after success, put back after failure. A copy
// that a crash left is recognised by what it says it was waiting for.
import type { Digest } from '../../core/digest.ts';
import type { BackendContext } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { copy, remove } from './client.ts';
import { comingTag, parseName, quarantineModel, quarantineName } from './names.ts';
import type { ListedModel, Listing } from './translate.ts';

export interface Saved {
  /** Under which the old content is kept. */
  readonly name: string;
  readonly digest: Digest;
}

/**
 * Saves what `name` holds now. A copy that is there already was made by a run that was cut off
 * while doing the same: it is the older content and stays.
 */
export async function save(
  engine: Engine,
  context: BackendContext,
  listing: Listing,
  name: string,
  coming: Digest | null,
): Promise<Saved | null> {
  const current = listing.models.get(name);
  const earlier = savedOf(listing, name);
  if (earlier !== null) return earlier;
  if (current === undefined) return null;
  const place = quarantineName(name, coming);
  await copy(engine, context, name, place);
  return { name: place, digest: current.digest };
}

/** The copy of a name that is there now. */
export function savedOf(listing: Listing, name: string): Saved | null {
  if (listing.quarantine.length === 0) return null;
  const model = quarantineModel(name);
  return listing.quarantine.find((one) => parseName(one.name)?.model === model) ?? null;
}

export const putBack = (
  engine: Engine,
  context: BackendContext,
  saved: Saved,
  name: string,
): Promise<void> => copy(engine, context, saved.name, name);

export const drop = (engine: Engine, context: BackendContext, saved: Saved): Promise<void> =>
  remove(engine, context, saved.name);

/**
 * Copies left by a crash that nobody needs: their name holds the very same content, or what it was
 * waiting for. Any other copy may be all that is left of a model and stays until its name is
 * worked on. `busy` are the names that this process is replacing now.
 */
export function needless(listing: Listing, busy: ReadonlySet<string>): readonly Saved[] {
  if (listing.quarantine.length === 0) return [];
  const owners = new Map<string, ListedModel>();
  for (const model of listing.models.values()) owners.set(quarantineModel(model.name), model);
  return listing.quarantine.filter((copied) => {
    const place = parseName(copied.name);
    const owner = owners.get(place?.model ?? '');
    if (place === null || owner === undefined || busy.has(owner.name)) return false;
    return (
      owner.digest === copied.digest || [comingTag(owner.digest), 'pending'].includes(place.tag)
    );
  });
}
