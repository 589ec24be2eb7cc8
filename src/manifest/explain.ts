// What does a field mean? Answers from the schemas, as plain data; drawing it is render's affair.
// Paths are those of `kubectl explain`: the kind in any case, then fields; lists and maps are
// looked through, so `model.spec.targets.residency` is a field of the list's items.
import { didYouMean } from '../core/did-you-mean.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from '../core/problem.ts';
import type { Kind } from '../core/resource.ts';
import { kinds } from './header.ts';
import { formsOf, mapValueOf } from './schema-node.ts';
import { type PlacedSchema, resolveSchema, schemaBelow, schemaOfKind } from './schema-set.ts';

export interface FieldExplanation {
  /** The field's name; the kind's for a whole object; empty for the list of kinds. */
  readonly name: string;
  /** As it can be asked for again, as in `model.spec.runtime`. */
  readonly path: string;
  /** As in `integer`, `[]string`, `map[string]string`, `integer | "all"`, `object`. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
  /** What a number counts, as in `tokens`. */
  readonly unit?: string;
  readonly default?: unknown;
  /** All values that are allowed, where they can be listed. */
  readonly allowed?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples: readonly unknown[];
  /** One level; all levels when asked recursively. */
  readonly fields: readonly FieldExplanation[];
}

interface Place extends PlacedSchema {
  readonly name: string;
  readonly path: string;
  readonly isRequired: boolean;
}

/** Pure. An empty path explains the list of kinds. Refused with what was probably meant. */
export function explain(
  path: string,
  options: { readonly isRecursive?: boolean } = {},
): Checked<FieldExplanation> {
  const depth = options.isRecursive === true ? Number.POSITIVE_INFINITY : 1;
  const [first = '', ...fields] = path.split('.').map((name) => name.replace(/\[[^\]]*\]$/, ''));
  if (first === '') return checked(explainKinds(depth));
  const wanted = first.toLowerCase().replaceAll('-', '');
  const kind = kinds.find((known) => known.toLowerCase() === wanted);
  if (kind === undefined) {
    const near = didYouMean(first, kinds);
    return refused(unknown(`There is no kind \`${first}\`.${question(near)}`, ''));
  }
  let place = kindPlace(kind);
  for (const field of fields) {
    const next = fieldsOf(place).find(({ name }) => name === field) ?? mapField(place, field);
    if (next === null) return refused(unknown(lost(place, field, kind), place.path));
    place = next;
  }
  return checked(explanationOf(place, depth));
}

/** Where in an object of a kind a field of this name stands, nearest to the top; else null. */
export function fieldElsewhere(kind: Kind, field: string): string | null {
  let level: readonly Place[] = [kindPlace(kind)];
  while (level.length > 0) {
    level = level.flatMap((place) => fieldsOf(place));
    const found = level.find(
      ({ name, node }) => name === field || node['x-also-known-as']?.includes(field) === true,
    );
    if (found !== undefined) return found.path.slice(kind.length + 1);
  }
  return null;
}

function explainKinds(depth: number): FieldExplanation {
  return {
    name: '',
    path: '',
    type: 'object',
    isRequired: true,
    description: 'The kinds of objects that a manifest can declare.',
    examples: [],
    fields: kinds.map((kind) => explanationOf(kindPlace(kind), depth - 1)),
  };
}

const kindPlace = (kind: Kind): Place => ({
  ...schemaOfKind(kind),
  name: kind,
  path: kind.toLowerCase(),
  isRequired: true,
});

function explanationOf(place: Place, depth: number): FieldExplanation {
  const { name, path, isRequired, node } = place;
  const fields = depth > 0 ? fieldsOf(place) : [];
  return {
    name,
    path,
    type: typeOf(place),
    isRequired,
    description: node.description ?? '',
    ...(node['x-unit'] !== undefined && { unit: node['x-unit'] }),
    ...(node.default !== undefined && { default: node.default }),
    ...(node.enum !== undefined && { allowed: node.enum }),
    ...(node.minimum !== undefined && { minimum: node.minimum }),
    ...(node.maximum !== undefined && { maximum: node.maximum }),
    examples: node.examples ?? [],
    fields: fields.map((field) => explanationOf(field, depth - 1)),
  };
}

/** The named fields of an object, of the items of a list, of the values of a map, of any form. */
function fieldsOf(place: Place): readonly Place[] {
  const forms = formsOf(place.node).map((node) =>
    resolveSchema({ document: place.document, node }),
  );
  const isOnlyObject = forms.filter(({ node }) => node.properties !== undefined).length === 1;
  return forms.flatMap(({ document, node }) => {
    const inner = node.items ?? mapValueOf(node);
    if (inner !== undefined)
      return fieldsOf({ ...place, ...resolveSchema({ document, node: inner }) });
    return Object.entries(node.properties ?? {}).map(([name, schema]) => ({
      ...resolveSchema({ document, node: schema }),
      name,
      path: `${place.path}.${name}`,
      isRequired: isOnlyObject && node.required?.includes(name) === true,
    }));
  });
}

/** In a map every name is a field. */
function mapField(place: Place, name: string): Place | null {
  const value =
    name === '' || mapValueOf(place.node) === undefined ? null : schemaBelow(place, name);
  return value === null
    ? null
    : { ...value, name, path: `${place.path}.${name}`, isRequired: false };
}

function typeOf(placed: PlacedSchema): string {
  const { document, node } = resolveSchema(placed);
  const forms = node.anyOf ?? node.oneOf;
  if (forms !== undefined) {
    return [...new Set(forms.map((form) => typeOf({ document, node: form })))].join(' | ');
  }
  if (node.items !== undefined) return `[]${inParentheses(typeOf({ document, node: node.items }))}`;
  const value = mapValueOf(node);
  if (value !== undefined) return `map[string]${inParentheses(typeOf({ document, node: value }))}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  return node.type ?? 'object';
}

const inParentheses = (type: string): string => (type.includes(' | ') ? `(${type})` : type);

/** What to say of a field that is not there: a near one, or where a field of that name is. */
function lost(place: Place, field: string, kind: Kind): string {
  const near = didYouMean(
    field,
    fieldsOf(place).map(({ name }) => name),
  );
  const elsewhere = fieldElsewhere(kind, field);
  const path = elsewhere === null ? null : `${kind.toLowerCase()}.${elsewhere}`;
  const meant = near === null ? path : `${place.path}.${near}`;
  return `\`${place.path}\` has no field \`${field}\`.${question(meant)}`;
}

const question = (near: string | null): string =>
  near === null ? '' : ` Did you mean \`${near}\`?`;

const unknown = (detail: string, path: string): Problem =>
  errorProblem({
    code: 'explain/unknown-field',
    summary: 'There is no such field',
    detail,
    remedy: `See what there is:\n\n  modelctl explain${path === '' ? '' : ` ${path}`}`,
  });
