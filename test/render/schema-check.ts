// Checks outputs against the published schemas, more strictly than readers should: a key that no
// schema describes is an error here.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';

const folder = fileURLToPath(new URL('../../schemas/output/', import.meta.url));

export const outputSchemas = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addSchema(
  outputSchemas.map((name) => closed(JSON.parse(readFileSync(folder + name, 'utf8'))) as object),
);

/** What does not fit, as sentences; none when the value is as published. `name` as in `plan`. */
export function misfits(name: string, value: unknown): readonly string[] {
  const validate = ajv.getSchema(
    `https://modelctl.dev/schemas/v1alpha1/output/${name}.schema.json`,
  );
  if (validate === undefined) throw new Error(`there is no schema ${name}`);
  // As a reader sees it: keys without a value are not there.
  if (validate(JSON.parse(JSON.stringify(value)))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Every object that lists its properties allows no others. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(
    ([key, item]) => [key, key === 'const' ? item : closed(item)] as const,
  );
  const copy = Object.fromEntries(entries);
  return 'properties' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
}
