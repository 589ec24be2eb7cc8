// The reader of simple manifests against the YAML library: whatever it reads, both read alike.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { isEmptyDocument, readDocuments } from '../../src/manifest/documents.ts';
import type { FieldPath } from '../../src/manifest/field-path.ts';
import { toPlain } from '../../src/manifest/plain.ts';
import { offsetAt } from '../../src/manifest/positions.ts';
import { readSimple, simplePlaces } from '../../src/manifest/simple-yaml.ts';
import { sourceText } from '../../src/manifest/source-text.ts';
import { yamlProblems } from '../../src/manifest/yaml-problems.ts';

const manifest = `# yaml-language-server: $schema=../../schemas/manifest.schema.json
apiVersion: modelctl.dev/v1alpha1
kind: Model # ours
metadata: { name: coder }
spec:
  source: "qwen3:8b"   # quoted
  aliases: [gpt-4o-mini, 'b', 16]

  # where it belongs – for now
  categories:
  - code
  -   http://127.0.0.1:11434/x#y
  targets:
    - name: laptops
      residency: stored
    - servers
  derive:
    system: You write code, for us. It's "short" -- mostly.
  runtime: {contextLength: 16384, flashAttention: true}
---
# nothing
---
kind: Host
spec: {}
`;

/** Every path of a value, the root's included. */
function pathsOf(value: unknown, path: FieldPath = []): readonly FieldPath[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

/** Whether the text was read at all; what was read must be what the library reads. */
function readsAlike(text: string): boolean {
  const simple = readSimple(text);
  if (simple === null) return false;
  const source = sourceText('-', text);
  const documents = [...readDocuments(source)]
    .map(({ document }) => document)
    .filter((document) => document === undefined || !isEmptyDocument(document));
  expect(simple.length).toBe(documents.length);
  for (const [index, document] of documents.entries()) {
    const one = simple[index];
    if (document === undefined || one === undefined) throw new Error('the library stopped');
    const { value, problems } = toPlain(document, source);
    expect([...yamlProblems(document, source), ...problems]).toEqual([]);
    expect(one.value).toEqual(value);
    expect(one.offset).toBe(offsetAt(document, [], 'value'));
    const placeOf = simplePlaces(text, one);
    for (const path of pathsOf(value))
      expect(placeOf(path)).toBe(offsetAt(document, path, 'value'));
    expect(placeOf(['nothing'])).toBe(null);
  }
  return true;
}

const holds = (text: string): void => {
  readsAlike(text);
};

test('reads what manifests are usually written in', () => {
  expect(readsAlike(manifest)).toBe(true);
  const [first, second] = readSimple(manifest) ?? [];
  expect(first?.value).toMatchObject({
    kind: 'Model',
    metadata: { name: 'coder' },
    spec: {
      source: 'qwen3:8b',
      aliases: ['gpt-4o-mini', 'b', 16],
      categories: ['code', 'http://127.0.0.1:11434/x#y'],
      targets: [{ name: 'laptops', residency: 'stored' }, 'servers'],
      runtime: { contextLength: 16384, flashAttention: true },
    },
  });
  expect(second?.value).toEqual({ kind: 'Host', spec: {} });
});

test.each([
  ['a duplicate key', 'a: 1\na: 2'],
  ['a key with a meaning in JavaScript', 'constructor: 1'],
  ['an empty value', 'a:\nb: 1'],
  ['a value on the next line', 'a:\n  b'],
  ['text over several lines', 'a: b\n  c'],
  ['a block text', 'a: |\n  b'],
  ['an anchor', 'a: &x b'],
  ['an alias', 'a: *x'],
  ['a tag', 'a: !x b'],
  ['a merge key', '<<: {a: b}'],
  ['a directive', '%YAML 1.1\n---\na: b'],
  ['a document end', 'a: b\n...\n'],
  ['a text behind the dashes', '--- a: b'],
  ['a tab', 'a:\tb'],
  ['a carriage return', 'a: b\r\n'],
  ['a letter beyond ASCII', 'a: é'],
  ['an escape', 'a: "\\n"'],
  ['a doubled quote', "a: 'it''s'"],
  ['an open quote', 'a: "b'],
  ['an open bracket', 'a: [b,\n  c]'],
  ['a comment inside brackets', "a: ['b' # 'c']"],
  ['a comma at the end', 'a: [b, ]'],
  ['brackets in brackets', 'a: [[b]]'],
  ['a colon with a space in a value', 'a: b: c'],
  ['a fraction', 'a: 0.5'],
  ['a number in another base', 'a: 0x1F'],
  ['a number with a leading zero', 'a: 007'],
  ['a number that is not exact', 'a: 9007199254740993'],
  ['a null', 'a: ~'],
  ['another spelling of true', 'a: TRUE'],
  ['an uneven indentation', 'a:\n    b: 1\n  c: 2'],
  ['an indented start', '  a: b'],
  ['a list at the top', '- a'],
  ['a list in a list', 'a:\n  - - b'],
  ['a key that is quoted', '"a": b'],
  ['JSON', '{"a": "b"}'],
  ['a single word', 'a'],
])('leaves %s to the library', (_, text) => {
  expect(readSimple(text)).toBe(null);
});

test('reads nothing of a text in which one document is beyond it', () => {
  expect(readSimple(`${manifest}---\na: &x b\n`)).toBe(null);
});

test('leaves it to the library to count', () => {
  expect(readSimple(`a: ${'b'.repeat(70_000)}`)).toBe(null);
  expect(readSimple('a: b\n---\n'.repeat(100_001))).toBe(null);
  const deep = Array.from({ length: 40 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
  expect(readSimple(`${deep} b`)).toBe(null);
});

const pieceTexts = [
  'a',
  'b',
  'kind',
  'x.y/z',
  ':',
  ': ',
  ' #',
  '#',
  '- ',
  '-',
  ' ',
  '  ',
  ',',
  ', ',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '"a"',
  "'b'",
  '0',
  '12',
  '1.5',
  '1e3',
  'true',
  'null',
  'No',
  'http://h:1',
  '&x ',
  '*x',
  '!t ',
  '|',
  '>',
  '%',
  '@',
  '`',
  '?',
  '? ',
  '\\',
  '~',
  '---',
  '...',
  '\t',
  'é',
];
const pieces = fc.constantFrom(...pieceTexts);

const valueText = fc.oneof(
  fc.constantFrom('', 'b', '[x, 12]', '{e: f}', '"q: [" # c', "'#'", 'two words', '0'),
  fc.array(pieces, { maxLength: 3 }).map((of) => of.join('')),
);

/** Fields and items with names of their own, so that it is the rest that decides. */
const line = fc.tuple(
  fc.constantFrom('', '', '', '  ', '  ', '    ', ' '),
  fc.constantFrom('k', 'k', 'k', 'k', '- k', '- ', '#', '--- #', ''),
  valueText,
);

const lines = fc.array(line, { maxLength: 7 }).map((of) =>
  of
    .map(([indent, start, rest], index) => {
      const name = start.endsWith('k') ? `${index}: ` : '';
      return indent + start + name + rest;
    })
    .join('\n'),
);

test('reads lines of YAML as the library does', () => {
  fc.assert(fc.property(lines, holds), { numRuns: 5000 });
});

test('reads damaged manifests as the library does', () => {
  const edits = fc.array(
    fc.record({
      at: fc.nat(manifest.length),
      remove: fc.nat(8),
      insert: fc.oneof(pieces, fc.constantFrom('\n', '\n  ', '\n- ', '\n---\n')),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const damaged = edits.map((all) =>
    all.reduce(
      (text, { at, remove, insert }) => text.slice(0, at) + insert + text.slice(at + remove),
      manifest,
    ),
  );
  fc.assert(fc.property(damaged, holds), { numRuns: 3000 });
});

test('reads data of any shape as the library does', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9 :#,'"/._-]{0,12}$/);
  const { tree } = fc.letrec((tie) => ({
    tree: fc.dictionary(
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9_./-]{0,8}$/),
      fc.oneof(word, fc.nat(), fc.boolean(), fc.array(tie('item'), { maxLength: 3 }), tie('tree')),
      { maxKeys: 4 },
    ),
    item: fc.oneof(word, tie('tree')),
  }));
  const style = fc.record({ indentSeq: fc.boolean(), indent: fc.constantFrom(2, 4) });
  const text = fc.tuple(tree, style).map(([value, options]) => stringify(value, options));
  fc.assert(fc.property(text, holds), { numRuns: 2000 });
});
