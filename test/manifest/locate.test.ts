// Where a field of a loaded object stands, after its document has been let go of.
import { expect, test } from 'vitest';
import { loadText, modelWith } from './load-text.ts';

test.each([
  ['that is simple', ''],
  [
    'that only the YAML library reads',
    `---\n${modelWith('source: &c c').replace('coder', 'third')}`,
  ],
])('finds fields of any object of a file %s, in any order', async (_, more) => {
  const loaded = await loadText(
    `# first\n${modelWith('source: a', 'aliases: [x, y]')}---\n# second\n${modelWith(
      'source: b',
      'runtime:',
      '  threads: 4',
    ).replace('coder', 'other')}${more}`,
  );
  if (!loaded.ok) throw new Error('the text is valid');
  const { locate, resources } = loaded.value;
  const [first, second] = resources;
  if (first === undefined || second === undefined) throw new Error('there are two objects');
  const at = (resource: typeof first, ...path: readonly (string | number)[]): string => {
    const { line, column } = locate(resource, path);
    return `${line}:${column}`;
  };
  expect(at(second, 'spec', 'runtime', 'threads')).toBe('18:14');
  expect(at(first, 'spec', 'aliases', 1)).toBe('8:16');
  expect(at(second, 'metadata', 'name')).toBe('14:9');
  expect(at(first)).toBe('2:1');
  expect(at(second)).toBe('11:1');
});

test('answers with the start of the object where nothing stands', async () => {
  const loaded = await loadText(`\n\n${modelWith('source: a')}`);
  if (!loaded.ok) throw new Error('the text is valid');
  const [model] = loaded.value.resources;
  if (model === undefined) throw new Error('there is one object');
  for (const path of [['spec', 'targets', 0], ['spec', 'source', 'x'], ['nothing']]) {
    expect(loaded.value.locate(model, path)).toEqual({ file: '-', line: 3, column: 1 });
  }
});
