// Text that was written to break a reader, or broken by accident. Each gets an answer: a problem
// with a place, within bounded time and memory, never an exception.
import { expect, test } from 'vitest';
import { loadText, modelWith, outlineOf, problemsOf } from './load-text.ts';

const valid = modelWith('source: qwen3:8b');

test('stops at aliases that multiply', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 26; level += 1) {
    const name = String.fromCharCode(97 + level);
    const last = `*${String.fromCharCode(96 + level)}`;
    bomb.push(`${name}: &${name} [${Array(9).fill(last).join(', ')}]`);
  }
  expect(await problemsOf(bomb.join('\n'))).toContain('aliases stand for more than 100000 values');
});

test('stops at aliases that lie ten thousand deep', async () => {
  const chain = ['a0: &a0 [x]'];
  for (let level = 1; level < 10_000; level += 1)
    chain.push(`a${level}: &a${level} [*a${level - 1}]`);
  expect(await problemsOf(chain.join('\n'))).toContain('more than 64 deep');
});

test.each([
  ['flow lists', '['.repeat(5000)],
  ['closed flow lists', '['.repeat(5000) + ']'.repeat(5000)],
  ['flow maps', '{a: '.repeat(5000)],
  ['block lists', '- '.repeat(5000)],
  ['block maps', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['explicit keys', '? '.repeat(5000)],
])('stops at %s that lie too deep', async (_, text) => {
  const { problems } = await loadText(text);
  expect(problems.map(({ code }) => code)).toEqual(['manifest/too-complex']);
});

test('stops at the first of too many documents', async () => {
  const text = '---\n'.repeat(1_000_000);
  expect(await outlineOf(text)).toEqual(['100003:1 manifest/too-complex']);
});

test('refuses an endless document before it is taken apart', async () => {
  expect(await outlineOf('a: 1\n'.repeat(200_000))).toEqual(['40001:1 manifest/too-complex']);
  const prompt = `a: |\n${' long line of text\n'.repeat(200_000)}`;
  expect((await outlineOf(prompt))[0]).toContain('manifest/too-complex');
});

test('shows so many problems of one file and counts the rest', async () => {
  const { problems } = await loadText('---\n- a\n'.repeat(1000));
  expect(problems).toHaveLength(201);
  expect(problems.at(-1)?.detail).toBe('800 more in this file are not shown.');
});

test('reads a map of thirty thousand keys without comparing each with each', async () => {
  const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join('\n');
  const start = performance.now();
  expect((await loadText(`${valid}${keys}\n`)).ok).toBe(false);
  expect(performance.now() - start).toBeLessThan(5000);
});

test.each([
  ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${valid}`, 'utf16le'), 'encoded in UTF-16'],
  ['UTF-16 without one', Buffer.from(valid, 'utf16le'), 'control character U+0000'],
  ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), 'encoded in UTF-32'],
  ['Latin-1', Buffer.from('name: caf\xe9\n', 'latin1'), 'not UTF-8'],
  ['a surrogate in UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xed, 0xa0, 0x80]), 'not UTF-8'],
  ['the character zero', Buffer.from('a: b\0c\n'), 'control character U+0000'],
  ['an escape sequence of a terminal', Buffer.from('a: \u001b[31mred\n'), 'U+001B'],
  ['weights', Buffer.from('GGUF\u0003\0\0\0'), 'control character U+0003'],
])('refuses %s', async (_, bytes, why) => {
  const { problems } = await loadText(bytes);
  expect(problems.map(({ code }) => code)).toEqual(['manifest/not-text']);
  expect(problems[0]?.detail).toContain(why);
});

test('says on which line the bytes are wrong', async () => {
  expect(await outlineOf(Buffer.from('a: 1\nb: \xe9\n', 'latin1'))).toEqual([
    '2:4 manifest/not-text',
  ]);
});

test('drops a byte order mark of UTF-8', async () => {
  const loaded = await loadText(`\ufeff${valid}`);
  expect(loaded.ok && loaded.value.resources[0]?.origin).toEqual({ file: '-', line: 1, column: 1 });
});

test('reads lines that end as on Windows and as on old Macs', async () => {
  for (const lineEnd of ['\r\n', '\r']) {
    const loaded = await loadText(valid.replaceAll('\n', lineEnd));
    expect(loaded.problems).toEqual([]);
    expect(
      loaded.ok && loaded.value.locate(loaded.value.resources[0]!, ['spec', 'source']),
    ).toEqual({
      file: '-',
      line: 6,
      column: 11,
    });
  }
});

test('warns of characters that turn text around', async () => {
  const loaded = await loadText(`# \u202e\n${valid}`);
  expect(loaded.ok).toBe(true);
  expect(loaded.problems.map(({ code }) => code)).toEqual(['manifest/bidirectional-text']);
});

test('refuses half characters and the character zero behind escapes', async () => {
  expect(await outlineOf(modelWith('source: "a\\ud800"', 'priority: 0'))).toContain(
    '6:11 manifest/bad-text spec.source',
  );
  expect(await outlineOf(modelWith('source: a', 'derive: {system: "a\\0b"}'))).toEqual([
    '7:20 manifest/bad-text spec.derive.system',
  ]);
  const emoji = await loadText(modelWith('source: a', 'derive: {system: "\\ud83d\\ude00"}'));
  expect(emoji.ok).toBe(true);
});

test.each(['__proto__', 'constructor', 'prototype'])('refuses the key %s', async (key) => {
  const text = valid.replace('spec:', `  labels: {${key}: {admin: "yes"}}\nspec:`);
  expect(await outlineOf(text)).toEqual(['5:12 manifest/reserved-key metadata.labels']);
  expect(await outlineOf(`{"${key}": {"kind": "Model"}}`)).toContain('1:2 manifest/reserved-key');
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
});

test('reads an anchor called __proto__ like any other', async () => {
  const text = modelWith('source: &__proto__ qwen3:8b', 'servedName: *__proto__');
  const loaded = await loadText(text);
  expect(loaded.ok && loaded.value.resources[0]?.spec).toEqual({
    source: 'qwen3:8b',
    servedName: 'qwen3:8b',
  });
});

test('names both places of a duplicate key and reads on', async () => {
  const text = modelWith('source: a', 'priority: 1', 'source: b', 'sorce: c');
  expect(await problemsOf(text)).toContain('`source` stands here and already on line 6.');
  expect(await outlineOf(text)).toEqual([
    '8:3 manifest/duplicate-key spec',
    '9:3 manifest/unknown-field spec.sorce',
  ]);
});

test.each([
  ['merge keys', 'base: &b {x: 1}\nspec:\n  <<: *b\n', '3:3 manifest/merge-key spec'],
  ['tags of other languages', 'a: !!js/function "return 1"\n', '1:4 manifest/unknown-tag'],
  ['binary tags', 'a: !!binary aGVsbG8=\n', '1:4 manifest/unknown-tag'],
  ['own tags', 'a: !include other.yaml\n', '1:4 manifest/unknown-tag'],
  ['aliases without an anchor', 'a: &base 1\nb: *bsae\n', '2:4 manifest/unknown-anchor b'],
  ['aliases of what they are in', 'a: &a [*a]\n', '1:8 manifest/unknown-anchor a[0]'],
  ['keys that are lists', '? [a, b]\n: 1\n', '1:3 manifest/bad-key'],
  ['YAML 1.1', '%YAML 1.1\n---\na: on\n', '2:1 manifest/yaml-version'],
  ['numbers beyond what is exact', 'a: 12345678901234567890\n', '1:4 manifest/out-of-range a'],
])('refuses %s', async (_, text, line) => {
  expect(await outlineOf(text)).toContain(line);
});

test.each([
  ['.inf', 'no finite number'],
  ['1e400', 'no finite number'],
  ['.nan', 'no finite number'],
  ['1.5', 'a number'],
  ['0x', 'text'],
  ['[1]', 'a list'],
])('refuses a contextLength of %s', async (value, what) => {
  const text = modelWith('source: a', `runtime: {contextLength: ${value}}`);
  expect(await problemsOf(text)).toContain(`must be a whole number; here it is ${what}.`);
});

test('does not advise to quote what is no finite number', async () => {
  const told = await problemsOf(modelWith('source: a', 'derive: {parameters: {seed: 1e400}}'));
  expect(told).toContain('Write a number that is finite.');
});

test('reads dates, octal numbers and words of YAML 1.1 as YAML 1.2 does', async () => {
  const text = modelWith(
    'source: a',
    'derive: {parameters: {a: 2020-01-01, b: 0o17, c: no, d: 017}}',
  );
  const loaded = await loadText(text);
  expect(loaded.ok && loaded.value.resources[0]?.spec).toMatchObject({
    derive: { parameters: { a: '2020-01-01', b: 15, c: 'no', d: 17 } },
  });
});

test('cuts names of a million characters', async () => {
  const { problems } = await loadText(`${valid}? ${'k'.repeat(1_000_000)}\n: 1\n`);
  expect(problems).toHaveLength(1);
  expect(JSON.stringify(problems).length).toBeLessThan(2_000_000);
  expect(problems[0]?.detail.length).toBeLessThan(200);
});

test.each([
  ['an empty file', ''],
  ['only comments', '# nothing\n\n# here\n'],
  ['only separators', '---\n---\n...\n'],
  ['white space', ' \n\n  \n'],
])('calls %s empty', async (_, text) => {
  expect(await outlineOf(text)).toEqual(['1:1 manifest/empty']);
});

test('ignores empty documents beside others', async () => {
  const loaded = await loadText(`---\n---\n${valid}---\n# end\n`);
  expect(loaded.ok && loaded.value.resources).toHaveLength(1);
  expect(loaded.problems).toEqual([]);
});
