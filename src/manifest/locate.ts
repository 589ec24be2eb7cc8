// Where a field of a loaded resource stands. Parsed documents are not kept, so the one document is
// read again; whoever asks about one field of an object tends to ask about the next.
import { assert } from '../core/assert.ts';
import type { Origin } from '../core/problem.ts';
import type { Resource } from '../core/resource.ts';
import type { FieldPath } from './field-path.ts';
import type { Places, ReadResource } from './read-file.ts';

/** The place of a path in each of these resources; the object's start if nothing is there. */
export function locator(
  read: readonly ReadResource[],
): (resource: Resource, path: FieldPath) => Origin {
  const all = new Map(read.map((one) => [one.resource, one]));
  let last: { readonly resource: Resource; readonly places: Places } | null = null;
  return (resource, path) => {
    const one = all.get(resource);
    assert(one !== undefined, 'only resources of this load can be located');
    if (last?.resource !== resource) last = { resource, places: one.places() };
    const offset = last.places(path);
    return offset === null ? resource.origin : one.source.originAt(offset);
  };
}
