// What to write instead when a value is of the wrong type. Most such mistakes come from YAML
// guessing a type from how a word looks, or from habits of YAML 1.1.
import type { FieldPath } from './field-path.ts';
import type { SchemaNode } from './schema-node.ts';
import { flowText, isSecretPath, showText } from './show-value.ts';

const typeNames: Readonly<Record<string, string>> = {
  object: 'a map of fields',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: '`true` or `false`',
};

/** The type of a value, as people say it. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return `\`${String(value)}\``;
  if (typeof value === 'number' && !Number.isFinite(value)) return 'no finite number';
  return typeNames[typeof value] ?? 'something else';
}

/** What a form of a value asks for, as people say it. */
export const formName = ({ const: only, type = '' }: SchemaNode): string =>
  only === undefined ? (typeNames[type] ?? 'something else') : `\`${flowText(only)}\``;

const words: Readonly<Record<string, boolean>> = {
  y: true,
  yes: true,
  on: true,
  true: true,
  n: false,
  no: false,
  off: false,
  false: false,
};

/** Null when nothing can be said beyond what the schema says. */
export function typeAdvice(
  value: unknown,
  forms: readonly SchemaNode[],
  path: FieldPath,
): string | null {
  const wants = (type: string): boolean => forms.some((form) => form.type === type);
  if (value === null) return 'Write a value, or remove the line.';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'Write a number that is finite.';
  if (isSecretPath(path)) return null;
  if (typeof value === 'string' && wants('boolean')) {
    const meant = words[value.toLowerCase()];
    if (meant === undefined) return null;
    const word = showText(value);
    return `YAML 1.2 reads \`${word}\` as text. Write \`${String(meant)}\` without quotes.`;
  }
  if (typeof value === 'string' && (wants('integer') || wants('number'))) return asNumber(value);
  if ((typeof value === 'number' || typeof value === 'boolean') && wants('string')) {
    // Quotes alone do not make `300` a duration.
    const isText = forms.some(
      ({ type, pattern = '' }) => type === 'string' && new RegExp(pattern, 'u').test(String(value)),
    );
    if (!isText) return null;
    const read = typeof value === 'number' ? 'a number' : 'true or false';
    return `YAML reads this as ${read}. Put it in quotes: \`"${String(value)}"\`.`;
  }
  if (typeof value !== 'object' && wants('array')) {
    return `Write a list, also for one item: \`[${showText(flowText(value))}]\`.`;
  }
  return null;
}

function asNumber(text: string): string | null {
  const found = /^([0-9]{1,9})([kK]?)$/.exec(text.trim());
  if (found === null) return null;
  const number = Number(found[1]) * (found[2] === '' ? 1 : 1024);
  return `Write \`${number}\` without quotes.`;
}
