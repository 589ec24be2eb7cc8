import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeBlock, escapeText } from '../../src/render/escape.ts';
import { redact } from '../../src/render/redact.ts';

describe('text from outside', () => {
  test.each([
    ['\u001b[2J', '\\e[2J'],
    ['\u009b2J', '\\x9b2J'],
    ['a\rb', 'a\\rb'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['user\u202egpj.exe', 'user\\u{202e}gpj.exe'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['half \ud800', 'half \\u{d800}'],
    ['Grüße 模型 👩‍💻', 'Grüße 模型 👩‍💻'],
  ])('%j is shown as %j', (text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('keeps its lines where several are wanted', () => {
    expect(escapeBlock('a\r\nb\tc\u0007')).toBe('a\nb\tc\\x07');
  });

  test('never holds a control character afterwards', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be gone
        expect(escapeText(text)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
        );
        expect(escapeBlock(escapeText(text))).toBe(escapeText(text));
      }),
    );
  });
});

describe('what looks like a credential', () => {
  test.each([
    'Authorization: Bearer abcdefghijklmnop',
    'token=abcdefghijkl',
    '{"api_key": "abcdefghijkl"}',
    'hf_abcdefghijkl',
    'https://user:abcdefghijkl@example.com/x',
    'https://cdn.example.com/x?X-Amz-Signature=abcdefghijkl&y=1',
  ])('is taken out of %s', (text) => {
    expect(redact(text)).not.toContain('abcdefghijkl');
    expect(redact(redact(text))).toBe(redact(text));
  });

  test('is nothing that merely speaks of tokens', () => {
    const text = 'The context is 4096 tokens; a token is read from the environment.';
    expect(redact(text)).toBe(text);
  });
});
