// YAML and JSON that is not well formed: where the problem is shown, and that no text of the file
// is repeated, since it may be a secret.
import { expect, test } from 'vitest';
import { loadText, modelWith, outlineOf, problemsOf } from './load-text.ts';

test.each([
  ['a tab for indentation', 'a:\n\tb: 1\n', '2:1', 'Indent with spaces.'],
  ['a line out of column', 'a:\n  b: 1\n c: 2\n', '3:1', 'in the same column'],
  ['a colon inside a value', 'a: b: c\n', '1:4', 'Put the value in quotes'],
  ['a quote that is not closed', 'a: "b\nc: 1\nd: 2\n', '1:4', 'Add what closes it.'],
  ['a bracket that is not closed', 'a:\n  b: [1, 2\nc: 3\n', '2:6', 'Add what closes it.'],
  ['a value that begins with %', 'a: %b\n', '1:4', 'Put the value in quotes.'],
  ['a value that begins with @', 'a: @b\n', '1:4', 'Put the value in quotes.'],
  ['a backslash in double quotes', 'a: "C:\\models"\n', '1:7', 'Write the backslash twice'],
  ['JSON objects without separators', '{"a": 1}\n{"b": 1}\n', '2:1', 'a line of `---`'],
  ['a bracket that is closed by another', 'a: [1, {b: 2]\n', '1:8', 'Add what closes it.'],
  ['JSON that is cut off', '{"a": {"b": 1}', '1:1', 'Add what closes it.'],
])('shows %s', async (_, text, place, remedy) => {
  const { problems } = await loadText(text);
  expect(problems.map(({ code }) => code)).toEqual(['manifest/syntax']);
  expect(`${problems[0]?.origin?.line}:${problems[0]?.origin?.column}`).toBe(place);
  expect(problems[0]?.remedy).toContain(remedy);
});

test('reads the documents after a broken one', async () => {
  const text = `a: b: c\n---\n${modelWith('sorce: x')}`;
  expect(await outlineOf(text)).toEqual([
    '1:4 manifest/syntax',
    '8:3 manifest/unknown-field spec.sorce',
  ]);
});

test.each([
  'auth: hunter2: x\n',
  'token: "hunter2\n',
  'token: !hunter2 x\n',
  'token: *hunter2x: b\n',
  '{"token": "hunter2" "x"}\n',
  '- token: hunter2\n\tx: 1\n',
  'hunter2\n',
])('does not repeat what stands around a mistake: %j', async (text) => {
  const shown = await problemsOf(text);
  expect(shown).not.toBe('');
  expect(shown).not.toContain('hunter2 ');
  expect(shown.replaceAll('*hunter2x', '').replaceAll('&hunter2x', '')).not.toContain('hunter2');
});

const backendWith = (spec: string): string =>
  `apiVersion: modelctl.dev/v1alpha1\nkind: Backend\nmetadata: {name: b}\nspec: ${spec}\n`;

test.each([
  '{type: ollama, auth: {bearer: hunter2}}',
  '{type: ollama, auth: {bearer: {env: "hunter2 2"}}}',
  '{type: ollama, auth: {bearer: {file: hunter2}}}',
  '{type: ollama, auth: {bearer: {token: hunter2}}}',
  '{type: ollama, auth: [hunter2]}',
  '{type: ollama, token: hunter2}',
  '{type: ollama, endpoint: "http://me:hunter2@example.com"}',
  '{type: ollama, endpoint: "http://example.com/?api_key=hunter2"}',
])('never shows a secret that stands in a manifest: %s', async (spec) => {
  const { ok, problems } = await loadText(backendWith(spec));
  expect(ok).toBe(false);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});
