// An entry that a person has edited, with other values: comments, the order of fields and the way
// that values are quoted stay. It knows no fields: what an entry says is whatever is printed of it.
import { isMap, isScalar, isSeq, type Node, parse, parseDocument, type YAMLMap } from 'yaml';

/**
 * `document` as it stands in the lock; `printed` is how modelctl prints the entry that it is to be.
 * Line ends of the result are those of Unix. Comment lines before the first and after the last field
 * stay byte for byte; `isRight` says whether the fields in between came out as they should, else
 * they are those of `printed`.
 */
export function editEntry(
  document: string,
  printed: string,
  isRight: (edited: string) => boolean,
): string {
  const lines = document.replaceAll('\r\n', '\n').split(/(?<=\n)/);
  const first = lines.findIndex((line) => !isRemark(line));
  const last = lines.findLastIndex((line) => !isRemark(line));
  const around = (fields: string): string =>
    [...lines.slice(0, first), fields, ...lines.slice(last + 1)].join('');
  const edited = editFields(lines.slice(first, last + 1).join(''), printed);
  if (edited !== null && isRight(around(edited))) return around(edited);
  const startsHere = lines.slice(0, first).some((line) => line.startsWith('---'));
  return around(startsHere ? printed.replace(/^---\n/, '') : printed);
}

/** Null where the parser and its printer do not agree on what stands there. */
function editFields(fields: string, printed: string): string | null {
  const yaml = parseDocument(fields);
  const wanted: unknown = parse(printed);
  const { contents, errors } = yaml;
  if (!isMap(contents) || !isPlain(wanted) || errors.length > 0) return null;
  assign(contents, wanted, (value) => yaml.createNode(value));
  return yaml.toString({ lineWidth: 0 });
}

/** Blank as YAML has it, a comment, or the dashes that begin a document. */
const isRemark = (line: string): boolean => /^\uFEFF?(---)?[ \t]*(#.*)?\n?$/.test(line);

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
  if (isPlain(value)) {
    const map = isMap(node) ? node : create({});
    if (isMap(map)) assign(map, value, create);
    return map;
  }
  if (Array.isArray(value)) {
    const list = isSeq(node) ? node : create([]);
    if (isSeq(list)) list.items = value.map((item, at) => merged(list.items[at], item, create));
    return list;
  }
  const scalar = isScalar(node) ? node : create(value);
  if (isScalar(scalar) && (scalar !== node || scalar.value !== value)) {
    scalar.value = value;
    delete scalar.source;
    if (!isSimple(value)) scalar.type = 'QUOTE_DOUBLE';
  }
  return scalar;
}

/** Text that reads back in any style, numbers included. */
const isSimple = (value: unknown): boolean =>
  typeof value !== 'string' || /^[\u0021-\u007e]+$/.test(value);

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
