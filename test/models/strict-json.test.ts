import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderError } from '../../src/models/header-error.ts';
import { parseStrictJson, type StrictJson } from '../../src/models/strict-json.ts';

/** As JSON.parse gives it. */
function plain(value: StrictJson): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, plain(item as StrictJson)]));
  }
  return Array.isArray(value) ? value.map((item) => plain(item as StrictJson)) : value;
}

describe('strict JSON', () => {
  it('means what JSON means, however it is written', () => {
    const blanks = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), blanks, (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(JSON.stringify(plain(parseStrictJson(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('takes nothing that JSON does not take', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '1',
      '-',
      '01',
      '.',
      'e',
      'true',
      'nul',
      ' ',
      '\n',
      '\\u00',
      '\u0001',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        let parsed: StrictJson;
        try {
          parsed = parseStrictJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(HeaderError);
          return;
        }
        expect(JSON.stringify(plain(parsed))).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', '[{"a":1,"\\u0061":2}]'])(
    'refuses a key that stands twice: %s',
    (text) => {
      expect(() => parseStrictJson(text)).toThrow(/same key twice/);
    },
  );
});
