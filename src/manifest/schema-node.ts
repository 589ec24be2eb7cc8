// The part of JSON Schema that our schemas use, as plain data, and what a form of a value is.

export interface SchemaNode {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** What a number counts, as in `tokens`. */
  readonly 'x-unit'?: string;
  /** What other tools call the field, for "did you mean". */
  readonly 'x-also-known-as'?: readonly string[];
}

/** The several forms that a value may have; one form where the schema names no choice. */
export const formsOf = (schema: SchemaNode): readonly SchemaNode[] =>
  schema.anyOf ?? schema.oneOf ?? [schema];

/** The schema of the values of a map, whose fields have names of the user's choice. */
export const mapValueOf = ({ additionalProperties }: SchemaNode): SchemaNode | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined;

/** Whether a value is of the type that a form asks for, whatever else it asks for. */
export function isOfType(value: unknown, { type }: SchemaNode): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === type;
  }
}
