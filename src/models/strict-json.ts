// JSON read without the leniency of JSON.parse: a key that stands twice is an error, where that
// one silently keeps the last. Objects become maps, so no key can reach a prototype. Pure.
import { HeaderError } from './header-error.ts';

export type StrictJson =
  | null
  | boolean
  | number
  | string
  | readonly StrictJson[]
  | ReadonlyMap<string, StrictJson>;

const depthMax = 16;

/** Throws HeaderError. Takes time linear in the length of the text. */
export function parseStrictJson(text: string): StrictJson {
  const reader = readerOf(text);
  const value = readValue(reader, 0);
  reader.skipBlanks();
  if (reader.at < text.length) throw broken('something after its end');
  return value;
}

interface Reader {
  readonly text: string;
  at: number;
  readonly skipBlanks: () => void;
  /** Steps over blanks and the character, if that one is next. */
  readonly take: (character: string) => boolean;
}

function readerOf(text: string): Reader {
  const reader: Reader = {
    text,
    at: 0,
    skipBlanks: () => {
      while (' \t\n\r'.includes(text[reader.at] ?? 'x')) reader.at += 1;
    },
    take: (character) => {
      reader.skipBlanks();
      if (text[reader.at] !== character) return false;
      reader.at += 1;
      return true;
    },
  };
  return reader;
}

function readValue(reader: Reader, depth: number): StrictJson {
  if (depth > depthMax) throw broken('values within values within values');
  if (reader.take('{')) return readObject(reader, depth);
  if (reader.take('[')) return readArray(reader, depth);
  if (reader.take('"')) return readText(reader);
  return readWord(reader);
}

function readObject(reader: Reader, depth: number): ReadonlyMap<string, StrictJson> {
  const object = new Map<string, StrictJson>();
  if (reader.take('}')) return object;
  do {
    if (!reader.take('"')) throw broken('a key without quotes');
    const key = readText(reader);
    if (object.has(key)) throw broken('the same key twice');
    if (!reader.take(':')) throw broken('a key without a value');
    object.set(key, readValue(reader, depth + 1));
  } while (reader.take(','));
  if (!reader.take('}')) throw broken('an object without an end');
  return object;
}

function readArray(reader: Reader, depth: number): readonly StrictJson[] {
  const array: StrictJson[] = [];
  if (reader.take(']')) return array;
  do {
    array.push(readValue(reader, depth + 1));
  } while (reader.take(','));
  if (!reader.take(']')) throw broken('a list without an end');
  return array;
}

/** The opening quote has been taken. */
function readText(reader: Reader): string {
  const { text } = reader;
  const start = reader.at;
  let hasEscapes = false;
  for (;;) {
    const code = text.charCodeAt(reader.at);
    if (Number.isNaN(code)) throw broken('a text without an end');
    if (code < 0x20) throw broken('a control character in a text');
    reader.at += 1;
    if (code === 0x22) break;
    if (code !== 0x5c) continue;
    hasEscapes = true;
    reader.at += 1; // whatever is escaped, a quote above all, ends nothing
  }
  const raw = text.slice(start, reader.at - 1);
  if (!hasEscapes) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    throw broken('an escape that is none');
  }
}

const words: ReadonlyMap<string, StrictJson> = new Map<string, StrictJson>([
  ['null', null],
  ['true', true],
  ['false', false],
]);

function readWord(reader: Reader): StrictJson {
  const pattern = /[\w.+-]{1,64}/y;
  pattern.lastIndex = reader.at;
  const word = pattern.exec(reader.text)?.[0] ?? '';
  reader.at += word.length;
  const known = words.get(word);
  if (known !== undefined) return known;
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return Number(word);
  throw broken('what is no value');
}

const broken = (what: string): HeaderError =>
  new HeaderError(`has a header that is not sound JSON: there is ${what}`);
