// Where in a document a field stands: from a path to an offset. Only asked when something is to
// be said about the field, so it walks the document each time instead of keeping a map.
import { isAlias, isMap, isScalar, isSeq, type Pair } from 'yaml';
import type { YamlDocument } from './documents.ts';
import type { FieldPath } from './field-path.ts';
import { keyText, offsetOf } from './plain.ts';

/** What of a field is meant: its value, or the name before the colon. */
export type Part = 'value' | 'key';

/**
 * The offset of what stands at `path`; the key's, where the value is left empty. Null when
 * nothing stands there. Behind an alias it is the place in the anchored value.
 */
export function offsetAt(document: YamlDocument, path: FieldPath, part: Part): number | null {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? null;
  for (const [index, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node)) {
      node = typeof segment === 'number' ? node.items[segment] : undefined;
      if (node === undefined) return null;
      offset = offsetOf(node) ?? offset;
    } else if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => keyText(key) === segment);
      if (pair === undefined) return null;
      const wantsKey = part === 'key' && index === path.length - 1;
      offset = offsetOf(wantsKey || isLeftEmpty(pair.value) ? pair.key : pair.value) ?? offset;
      node = pair.value;
    } else {
      return null;
    }
  }
  return offset;
}

const isLeftEmpty = (value: unknown): boolean =>
  value === null || (isScalar(value) && value.value === null && value.source === '');
