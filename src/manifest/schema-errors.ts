// What a validator found, without the noise. Where a value may have several forms, ajv reports
// why it fits none of them, each in turn; a person meant one, and wants to hear about that one.
import { assert } from '../core/assert.ts';
import type { Kind } from '../core/resource.ts';
import type { SchemaError } from '../generated/validators.js';
import { type FieldPath, pathFromPointer, valueAt } from './field-path.ts';
import { formsOf, type SchemaNode } from './schema-node.ts';
import { formsMeant, resolveSchema, schemaAt } from './schema-set.ts';

/** One thing that is wrong: with the value at `path`, or with its field that `params` names. */
export interface Finding {
  readonly keyword: string;
  readonly path: FieldPath;
  readonly params: Readonly<Record<string, unknown>>;
  /** All forms that the value may have. */
  readonly forms: readonly SchemaNode[];
  /** The form that was meant; the whole choice where that cannot be told. */
  readonly schema: SchemaNode;
  readonly value: unknown;
}

/** Pure. `root` is the invalid object. In the order in which ajv reports. */
export function findings(
  errors: readonly SchemaError[],
  kind: Kind,
  root: unknown,
): readonly Finding[] {
  const kept: Finding[] = [];
  for (const error of errors) {
    // Said once, by the error of `propertyNames` itself.
    if (error.propertyName !== undefined) continue;
    const finding = findingOf(error, kind, root);
    if (error.keyword === 'anyOf' || error.keyword === 'oneOf') {
      // The errors of the forms stand directly before that of the choice.
      const last = kept.findLastIndex(({ path }) => !isWithin(path, finding.path));
      kept.push(...meantOnly(kept.splice(last + 1), finding));
    } else {
      kept.push(finding);
    }
  }
  return kept;
}

function findingOf(error: SchemaError, kind: Kind, root: unknown): Finding {
  const path = pathFromPointer(error.instancePath, root);
  const value = valueAt(root, path);
  const place = schemaAt(kind, path);
  assert(place !== null, `a validator reported ${error.instancePath}, which no schema describes`);
  const forms = formsOf(place.node).map(
    (node) => resolveSchema({ document: place.document, node }).node,
  );
  const meant = formsMeant(value, forms);
  const schema = meant.length === 1 && meant[0] !== undefined ? meant[0] : place.node;
  return { keyword: error.keyword, path, params: error.params, forms, schema, value };
}

const isWithin = (inner: FieldPath, outer: FieldPath): boolean =>
  outer.every((segment, index) => inner[index] === segment);

/** The findings of the one form that was meant, else the choice itself. */
function meantOnly(ofForms: readonly Finding[], choice: Finding): readonly Finding[] {
  const { forms, schema } = choice;
  if (!forms.includes(schema)) return [choice];
  return ofForms.filter(
    ({ keyword, path, params }) =>
      path.length > choice.path.length ||
      (keyword in schema && keyword !== 'type' && isAbout(params, schema)),
  );
}

/** Whether an unknown or missing field is one to this form, and not to another. */
function isAbout(params: Readonly<Record<string, unknown>>, schema: SchemaNode): boolean {
  const { additionalProperty, missingProperty } = params;
  if (typeof additionalProperty === 'string')
    return !(additionalProperty in (schema.properties ?? {}));
  return typeof missingProperty !== 'string' || schema.required?.includes(missingProperty) === true;
}
