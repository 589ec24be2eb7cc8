// An entry that a person has edited, with other values: comments, the order of fields and the way
// that values are quoted stay. It knows no fields: what an entry says is whatever is printed of it.
import { isMap, isScalar, isSeq, type Node, parse, parseDocument, type YAMLMap } from 'yaml';

/**
 * `document` as it stands in the lock; `printed` says what it is to say. Line ends of the result
 * are those of Unix. Comment lines before the first and after the last field stay byte for byte.
 */
export function editEntry(document: string, printed: string): string {
  const lines = document.replaceAll('\r\n', '\n').split(/(?<=\n)/);
  const first = lines.findIndex((line) => !isRemark(line));
  const last = lines.findLastIndex((line) => !isRemark(line));
  const yaml = parseDocument(lines.slice(first, last + 1).join(''));
  const wanted: unknown = parse(printed);
  const { contents } = yaml;
  if (isMap(contents) && isPlain(wanted))
    assign(contents, wanted, (value) => yaml.createNode(value));
  return [...lines.slice(0, first), yaml.toString({ lineWidth: 0 }), ...lines.slice(last + 1)].join(
    '',
  );
}

/** Blank, a comment, or the dashes that begin a document. */
const isRemark = (line: string): boolean => /^\uFEFF?(---)?\s*(#.*)?\n?$/.test(line);

type Create = (value: unknown) => Node;

function assign(map: YAMLMap, wanted: Readonly<Record<string, unknown>>, create: Create): void {
  const gone = map.items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : '';
    return Object.hasOwn(wanted, name) ? [] : [name];
  });
  for (const name of gone) map.delete(name);
  for (const [name, value] of Object.entries(wanted)) {
    map.set(name, merged(map.get(name, true), value, create));
  }
}

/** The node that is there, changed as little as possible; a new one where it is of another kind. */
function merged(node: unknown, value: unknown, create: Create): unknown {
  if (isMap(node) && isPlain(value)) {
    assign(node, value, create);
    return node;
  }
  if (isSeq(node) && Array.isArray(value)) {
    node.items = value.map((item, index) => merged(node.items[index], item, create));
    return node;
  }
  if (isScalar(node) && !isPlain(value) && !Array.isArray(value)) {
    if (node.value !== value) {
      node.value = value;
      delete node.source;
    }
    return node;
  }
  return create(value);
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
