// The JSON Schemas of all kinds as data, for what is said about fields: explanations, and words
// for what a validator found. Validation itself does not read them.
import { assert } from '../core/assert.ts';
import type { Kind } from '../core/resource.ts';
import { schemas } from '../generated/schemas.ts';
import type { FieldPath } from './field-path.ts';
import { formsOf, isOfType, mapValueOf, type SchemaNode } from './schema-node.ts';

/** A schema together with the document that its references are meant from. */
export interface PlacedSchema {
  readonly document: string;
  readonly node: SchemaNode;
}

const documentOf = {
  Model: 'model',
  Category: 'category',
  HardwareTarget: 'hardware-target',
  Host: 'host',
  Backend: 'backend',
  Registry: 'registry',
} as const satisfies Record<Kind, string>;

export const schemaOfKind = (kind: Kind): PlacedSchema => ({
  document: documentOf[kind],
  node: documentNamed(documentOf[kind]),
});

function documentNamed(name: string): SchemaNode {
  const document = schemas[name];
  assert(document !== undefined, `there is no schema ${name}`);
  return document;
}

/** Follows references; what stands beside one wins over what it leads to. */
export function resolveSchema({ document, node }: PlacedSchema): PlacedSchema {
  if (node.$ref === undefined) return { document, node };
  const [file = '', pointer = ''] = node.$ref.split('#');
  const targetDocument = file === '' ? document : file.replace('.schema.json', '');
  let target: unknown = documentNamed(targetDocument);
  for (const key of pointer.split('/').slice(1)) {
    target = (target as Readonly<Record<string, unknown>>)[key];
    assert(typeof target === 'object' && target !== null, `${node.$ref} leads to nothing`);
  }
  const resolved = resolveSchema({ document: targetDocument, node: target as SchemaNode });
  const { $ref: _, ...beside } = node;
  return { document: resolved.document, node: { ...resolved.node, ...beside } };
}

/** The schema of a field or list item, in whichever form of the value has one. */
export function schemaBelow(place: PlacedSchema, segment: string | number): PlacedSchema | null {
  for (const form of formsOf(place.node)) {
    const { document, node } = resolveSchema({ document: place.document, node: form });
    const below =
      typeof segment === 'number' ? node.items : (node.properties?.[segment] ?? mapValueOf(node));
    if (below !== undefined) return resolveSchema({ document, node: below });
  }
  return null;
}

/** The schema of what stands at a path of a valid or invalid object; null where none applies. */
export function schemaAt(kind: Kind, path: FieldPath): PlacedSchema | null {
  let place: PlacedSchema | null = schemaOfKind(kind);
  for (const segment of path) place = place === null ? null : schemaBelow(place, segment);
  return place;
}

/** Which of a value's forms were probably meant: those of its type, begun ones before others. */
export function formsMeant(value: unknown, forms: readonly SchemaNode[]): readonly SchemaNode[] {
  const ofType = forms.filter((form) => isOfType(value, form));
  const begun = ofType.filter((form) => hasAll(value, form.required ?? []));
  return begun.length === 1 ? begun : ofType;
}

const hasAll = (value: unknown, fields: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  fields.every((field) => Object.hasOwn(value, field));
