// One finding of a validator in words: what is wrong, what to do, and what was probably meant.
// Works for any field of any kind from what the schema says about it; knows no field by name.
import { didYouMean } from '../core/did-you-mean.ts';
import type { Kind } from '../core/resource.ts';
import { fieldElsewhere } from './explain.ts';
import { type FieldPath, formatPath } from './field-path.ts';
import type { Part } from './positions.ts';
import type { Finding } from './schema-errors.ts';
import type { SchemaNode } from './schema-node.ts';
import { schemaAt } from './schema-set.ts';
import { flowText, showText, showValue } from './show-value.ts';
import { formName, typeAdvice, typeName } from './type-advice.ts';

export interface Wording {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  readonly remedy: string;
  /** What the problem points at. */
  readonly path: FieldPath;
  readonly part: Part;
  /** The field that is missing, or that an unknown one was probably meant to be. */
  readonly wants?: string;
}

/** Pure. A field that is only misspelled is not called missing as well. */
export function wordingsOf(found: readonly Finding[], kind: Kind): readonly Wording[] {
  const wordings = found.map((finding) => wordingOf(finding, kind));
  const misspelled = new Set(
    wordings
      .filter(({ code, wants }) => code === unknownFieldCode && wants !== undefined)
      .map(({ path, wants }) => formatPath([...path.slice(0, -1), wants ?? ''])),
  );
  return wordings.filter(
    ({ code, path, wants }) =>
      code !== missingFieldCode || !misspelled.has(formatPath([...path, wants ?? ''])),
  );
}

const unknownFieldCode = 'manifest/unknown-field';
const missingFieldCode = 'manifest/missing-field';

function wordingOf(finding: Finding, kind: Kind): Wording {
  const { params, path } = finding;
  switch (finding.keyword) {
    case 'additionalProperties':
      return unknownField(finding, String(params['additionalProperty']), kind);
    case 'required':
      return missingField(finding, String(params['missingProperty']), kind);
    case 'propertyNames':
      return wrongKey(finding, String(params['propertyName']), kind);
    case 'oneOf':
      return notOneOf(finding, kind);
    case 'type':
    case 'anyOf':
      return wrongType(finding, kind);
    case 'enum':
    case 'const':
      return notAllowed(finding, kind);
    case 'pattern':
      return wrongForm(finding, kind);
    default:
      return {
        code: 'manifest/out-of-range',
        summary: 'A value is outside its range',
        detail: `${is(finding, kind)}and must ${boundOf(finding)}.`,
        remedy: aboutSchema(finding.schema, path, kind),
        path,
        part: 'value',
      };
  }
}

function unknownField(finding: Finding, field: string, kind: Kind): Wording {
  const properties = finding.schema.properties ?? {};
  const known = Object.keys(properties);
  const isCalled = (name: string): boolean =>
    properties[name]?.['x-also-known-as']?.includes(field) === true;
  const elsewhere = known.some(isCalled) ? null : fieldElsewhere(kind, field);
  const near = elsewhere ?? known.find(isCalled) ?? didYouMean(field, known);
  const owner = nameOf(finding.path, kind);
  return {
    code: unknownFieldCode,
    summary: 'A field is not known',
    detail: `\`${showText(field)}\` is not a field of ${owner}.${question(near)}`,
    remedy: `Its fields are ${codeList(known)}:\n${explainCommand(finding.path, kind)}`,
    path: [...finding.path, field],
    part: 'key',
    ...(near !== null && near !== elsewhere && { wants: near }),
  };
}

function missingField(finding: Finding, field: string, kind: Kind): Wording {
  const example = schemaAt(kind, [...finding.path, field])?.node.examples?.[0];
  const written = example === undefined ? `\`${field}\`` : `\`${field}: ${flowText(example)}\``;
  return {
    code: missingFieldCode,
    summary: 'A field is missing',
    detail: `${capital(nameOf(finding.path, kind))} needs the field \`${field}\`.`,
    remedy: `Add ${written}:\n${explainCommand([...finding.path, field], kind)}`,
    path: finding.path,
    part: 'key',
    wants: field,
  };
}

const wrongKey = (finding: Finding, key: string, kind: Kind): Wording => ({
  code: 'manifest/wrong-form',
  summary: 'A value has the wrong form',
  detail: `\`${showText(key)}\` cannot be a name in ${nameOf(finding.path, kind)}.`,
  remedy: aboutSchema(finding.schema, finding.path, kind),
  path: [...finding.path, key],
  part: 'key',
});

function wrongType(finding: Finding, kind: Kind): Wording {
  const { path, schema, forms, value } = finding;
  const wanted = [...new Set(forms.map((form) => formName(form)))].join(' or ');
  return {
    code: 'manifest/wrong-type',
    summary: 'A value is of the wrong type',
    detail: `${capital(nameOf(path, kind))} must be ${wanted}; here it is ${typeName(value)}.`,
    remedy: typeAdvice(value, forms, path) ?? aboutSchema(schema, path, kind),
    path,
    part: 'value',
  };
}

function notOneOf(finding: Finding, kind: Kind): Wording {
  const { path, schema, forms, value } = finding;
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) return wrongType(finding, kind);
  const choices = forms.flatMap((form) => form.required ?? []);
  const near = Object.keys(value).map((field) => didYouMean(field, choices));
  const owner = capital(nameOf(path, kind));
  return {
    code: 'manifest/one-of',
    summary: 'Exactly one of several fields is needed',
    detail: `${owner} needs exactly one of ${codeList(choices)}.${question(near[0] ?? null)}`,
    remedy: aboutSchema(schema, path, kind),
    path,
    part: 'value',
  };
}

function notAllowed(finding: Finding, kind: Kind): Wording {
  const { path, schema, forms, value } = finding;
  const allowed = (schema.enum ?? [schema.const]).map(String);
  const others = forms.filter((form) => form !== schema).map((form) => formName(form));
  const wanted = [`${allowed.length > 1 ? 'one of ' : ''}${codeList(allowed)}`, ...others].join(
    ' or ',
  );
  const near = typeof value === 'string' ? didYouMean(value, allowed) : null;
  return {
    code: 'manifest/not-allowed',
    summary: 'A value is not one of those allowed',
    detail: `${is(finding, kind)}and must be ${wanted}.${question(near)}`,
    remedy: typeAdvice(value, forms, path) ?? aboutSchema(schema, path, kind),
    path,
    part: 'value',
  };
}

function wrongForm(finding: Finding, kind: Kind): Wording {
  const { path, schema, value } = finding;
  const near = rewritten(value, schema);
  return {
    code: 'manifest/wrong-form',
    summary: 'A value has the wrong form',
    detail: `${is(finding, kind)}which does not have the form it needs.${question(near)}`,
    remedy: aboutSchema(schema, path, kind),
    path,
    part: 'value',
  };
}

/** The same name in lower case and with dashes for what a name cannot hold, if that helps. */
function rewritten(value: unknown, schema: SchemaNode): string | null {
  if (typeof value !== 'string' || schema.pattern === undefined || value.length > 253) return null;
  const pattern = new RegExp(schema.pattern, 'u');
  const slug = value
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '');
  return slug !== '' && pattern.test(slug) && slug.length * 2 > value.length ? slug : null;
}

function boundOf({ keyword, params }: Finding): string {
  const limit = String(params['limit']);
  const phrases: Readonly<Record<string, string>> = {
    minimum: `be at least ${limit}`,
    maximum: `be at most ${limit}`,
    maxLength: `have at most ${limit} characters`,
    maxItems: `have at most ${limit} items`,
    minProperties: `have at least ${limit} ${limit === '1' ? 'field' : 'fields'}`,
  };
  return phrases[keyword] ?? 'be another value';
}

/** `spec.x is "y", `, or without the value where it is long, secret or absent. */
function is({ path, value }: Finding, kind: Kind): string {
  const shown = showValue(value, path);
  return `${capital(nameOf(path, kind))} is ${shown ?? typeName(value)}, `;
}

function aboutSchema(schema: SchemaNode, path: FieldPath, kind: Kind): string {
  const example = schema.examples?.[0];
  const sentences = [
    schema.description ?? 'See what it can be:',
    ...(example === undefined ? [] : [`For example: \`${flowText(example)}\`.`]),
  ];
  return `${sentences.join(' ')}\n${explainCommand(path, kind)}`;
}

const codeList = (names: readonly string[]): string =>
  names.map((name) => `\`${name}\``).join(', ');

const nameOf = (path: FieldPath, kind: Kind): string =>
  path.length === 0 ? `a ${kind}` : `\`${showText(formatPath(path))}\``;

const question = (near: string | null): string =>
  near === null ? '' : ` Did you mean \`${near}\`?`;

const capital = (text: string): string => text.replace(/^a /, 'A ');

function explainCommand(path: FieldPath, kind: Kind): string {
  const fields = path.filter((segment) => typeof segment === 'string');
  const odd = fields.findIndex((field) => !/^[A-Za-z]+$/.test(field));
  const known = odd === -1 ? fields : fields.slice(0, odd);
  return `\n  modelctl explain ${[kind.toLowerCase(), ...known].join('.')}`;
}
