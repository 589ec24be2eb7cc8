import { expect, test } from 'vitest';
import { fitsParameterType, readParameters } from '../../../src/backends/ollama/parameters.ts';

test('the text for people becomes data of the types that were put in', () => {
  const text = [
    `${'num_ctx'.padEnd(30)} 16384`,
    `${'temperature'.padEnd(30)} 0.2`,
    `${'seed'.padEnd(30)} 1e+06`,
    `${'use_mmap'.padEnd(30)} true`,
    `${'stop'.padEnd(30)} "<|im_end|>"`,
    `${'stop'.padEnd(30)} "a\\n\\"b\\"\\\\\\x1b\\u00e9\\U0001f600\\a"`,
    `${'a_name_that_is_longer_than_thirty_letters'.padEnd(30)} 1`,
  ].join('\n');
  expect(readParameters(text)).toEqual({
    num_ctx: 16_384,
    temperature: 0.2,
    seed: 1_000_000,
    use_mmap: true,
    stop: ['<|im_end|>', 'a\n"b"\\\u001bé😀\u0007'],
    a_name_that_is_longer_than_thirty_letters: 1,
  });
});

test('an option of several texts is a list even when there is one', () => {
  expect(readParameters(`${'stop'.padEnd(30)} "a"`)).toEqual({ stop: ['a'] });
  expect(readParameters(`${'other'.padEnd(30)} "a"\n${'other'.padEnd(30)} "b"`)).toEqual({
    other: ['a', 'b'],
  });
});

test('text that looks like something else stays text when it is quoted', () => {
  expect(readParameters(`${'stop'.padEnd(30)} "12"\n${'x'.padEnd(30)} "true"`)).toEqual({
    stop: ['12'],
    x: 'true',
  });
});

test('nothing is read from nothing', () => {
  expect(readParameters('')).toEqual({});
});

test.each([
  ['integer', 3, true],
  ['integer', 3.5, false],
  ['number', 3.5, true],
  ['number', '3', false],
  ['boolean', true, true],
  ['boolean', 1, false],
  ['texts', 'a', true],
  ['texts', ['a'], true],
  ['texts', 3, false],
] as const)('%s takes %j: %s', (type, value, fits) => {
  expect(fitsParameterType(type, value)).toBe(fits);
});
