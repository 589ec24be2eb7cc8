// Where a field of a loaded resource stands. Parsed documents are not kept, so the one document
// is parsed again; whoever asks about one field of an object tends to ask about the next.
import { assert } from '../core/assert.ts';
import type { Origin } from '../core/problem.ts';
import type { Resource } from '../core/resource.ts';
import { readDocuments, type YamlDocument } from './documents.ts';
import type { FieldPath } from './field-path.ts';
import { offsetAt } from './positions.ts';
import type { ReadResource } from './read-file.ts';
import { type SourceText, sliceOf } from './source-text.ts';

/** The place of a path in each of these resources; the object's start if nothing is there. */
export function locator(
  read: readonly ReadResource[],
): (resource: Resource, path: FieldPath) => Origin {
  const places = new Map(read.map((one) => [one.resource, one]));
  let parsed: Parsed | null = null;
  return (resource, path) => {
    const place = places.get(resource);
    assert(place !== undefined, 'only resources of this load can be located');
    if (parsed?.resource !== resource) parsed = parseAgain(place);
    const offset = offsetAt(parsed.document, path, 'value');
    return offset === null ? resource.origin : parsed.source.originAt(offset);
  };
}

interface Parsed {
  readonly resource: Resource;
  readonly source: SourceText;
  readonly document: YamlDocument;
}

function parseAgain({ resource, source: whole, start, end }: ReadResource): Parsed {
  const source = sliceOf(whole, start, end);
  const [first] = readDocuments(source);
  assert(first?.document !== undefined, 'a document that was read once can be read again');
  return { resource, source, document: first.document };
}
