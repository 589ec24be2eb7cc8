// The options that Ollama keeps with a name. What `/api/show` prints is text for people (Go's
// `%#v`, in random order); here it becomes data again. Which options exist and of what type is
// api/types.go's; Ollama itself checks neither when a name is made, only at each use.
import type { ParameterValue } from '../../core/desired.ts';

export type ParameterType = 'integer' | 'number' | 'boolean' | 'string' | 'texts';

export const parameterTypes: Readonly<Record<string, ParameterType>> = {
  draft_num_predict: 'integer',
  frequency_penalty: 'number',
  main_gpu: 'integer',
  min_p: 'number',
  num_batch: 'integer',
  num_ctx: 'integer',
  num_gpu: 'integer',
  num_keep: 'integer',
  num_predict: 'integer',
  num_thread: 'integer',
  presence_penalty: 'number',
  repeat_last_n: 'integer',
  repeat_penalty: 'number',
  seed: 'integer',
  stop: 'texts',
  temperature: 'number',
  top_k: 'integer',
  top_p: 'number',
  typical_p: 'number',
  use_mmap: 'boolean',
};

/**
 * One spelling of each value, so that what is asked for and what the engine tells compare equal:
 * an option of several texts is always a list.
 */
export function canonicalParameters(
  parameters: Readonly<Record<string, ParameterValue>>,
): Readonly<Record<string, ParameterValue>> {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [
      key,
      parameterTypes[key] === 'texts' && typeof value === 'string' ? [value] : value,
    ]),
  );
}

export function fitsParameterType(type: ParameterType, value: ParameterValue): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) || typeof value === 'string';
  }
}

/** Reads the `parameters` text of `/api/show`: `key`, padding, value; a repeated key is a list. */
export function readParameters(text: string): Readonly<Record<string, ParameterValue>> {
  const found = new Map<string, (number | boolean | string)[]>();
  for (const line of text.split('\n')) {
    const match = /^(\S+)\s+(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    found.set(match[1], [...(found.get(match[1]) ?? []), readValue(match[2])]);
  }
  const entries = [...found].map(([key, values]): [string, ParameterValue] => {
    const [only] = values;
    return [key, values.length === 1 && only !== undefined ? only : values.map(String)];
  });
  return canonicalParameters(Object.fromEntries(entries));
}

function readValue(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1)
    return unquote(text.slice(1, -1));
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) ? number : text;
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** The inside of a Go string literal, as strconv.Quote writes it. */
const unquote = (text: string): string =>
  text.replaceAll(
    /\\(?:([abfnrtv\\"])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))/g,
    (_whole, single?: string, byte?: string, short?: string, long?: string) =>
      single === undefined
        ? String.fromCodePoint(Number.parseInt(byte ?? short ?? long ?? '', 16))
        : (escapes[single] ?? single),
  );
