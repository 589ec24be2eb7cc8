// A user's value as a message may repeat it: on one line, short, and never a secret. What stands
// under a field that holds secrets is not repeated at all; passwords in URLs are masked.
import type { FieldPath } from './field-path.ts';
import { shownCharactersMax } from './limits.ts';

const secretField = /auth|bearer|token|passw|secret|credential|api-?_?key/i;

/** Whether the value at `path` may be a secret that somebody wrote into the manifest. */
export const isSecretPath = (path: FieldPath): boolean =>
  path.some((segment) => typeof segment === 'string' && secretField.test(segment));

/** The value in backticks, as in `"olama"`; null where it must not be shown or is not a scalar. */
export function showValue(value: unknown, path: FieldPath): string | null {
  if (isSecretPath(path)) return null;
  if (typeof value === 'string') return `\`${showText(JSON.stringify(value))}\``;
  if (typeof value === 'number' || typeof value === 'boolean') return `\`${String(value)}\``;
  return null;
}

/** A user's word, such as a field name, cut to a length that a message can carry. */
export function showText(text: string): string {
  const masked = text
    .replaceAll(/\/\/[^/@\s]*@/g, '//***@')
    .replaceAll(/([?&][^=&#]*(?:token|key|sig|secret|passw)[^=&#]*=)[^&#"]*/gi, '$1***');
  const oneLine = masked.replaceAll(/\s+/g, ' ');
  return oneLine.length > shownCharactersMax
    ? `${oneLine.slice(0, shownCharactersMax).toWellFormed()}…`
    : oneLine;
}

/** Plain data of ours on one line, as YAML writes it between braces. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${flowText(item)}`)
      .join(', ')}}`;
  }
  const isPlainWord =
    typeof value === 'string' && /^[A-Za-z](?:[A-Za-z0-9._/-]|:(?=[A-Za-z0-9]))*$/.test(value);
  return isPlainWord ? value : JSON.stringify(value);
}
