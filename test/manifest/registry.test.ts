// What a Registry may say, and what is said of one that is wrong.
import { expect, test } from 'vitest';
import { outlineOf, problemsOf } from './load-text.ts';

const registry = (name: string, spec: string): string =>
  `---\napiVersion: modelctl.dev/v1alpha1\nkind: Registry\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

test.each([
  '{endpoint: https://huggingface.co}',
  '{endpoint: "http://127.0.0.1:5000/", mirrors: ["https://a.example/x", {url: https://b.example, auth: {token: {env: A}}}]}',
  '{endpoint: https://a.example, auth: {username: me, password: {file: /run/secrets/a}}}',
  '{endpoint: https://a.example, proxy: none, caBundle: ./ca.pem}',
  '{endpoint: https://a.example, proxy: {env: MODEL_PROXY}}',
  '{endpoint: https://a.example, bandwidth: {limit: 10MB/s, connections: 8, windows: [{days: [sat], from: "22:00", to: "06:00", limit: paused}]}}',
])('accepts %s', async (spec) => {
  expect(await problemsOf(registry('r', spec))).toBe('');
});

test.each([
  ['{mirrors: []}', 'spec'],
  ['{endpoint: http://a.example}', 'spec.endpoint'],
  ['{endpoint: https://user:pw@a.example}', 'spec.endpoint'],
  ['{endpoint: https://a.example/path}', 'spec.endpoint'],
  ['{endpoint: https://a.example, mirrors: [http://b.example]}', 'spec.mirrors[0]'],
  ['{endpoint: https://a.example, auth: {token: abc}}', 'spec.auth.token'],
  ['{endpoint: https://a.example, proxy: "http://user:pw@proxy.example"}', 'spec.proxy'],
  ['{endpoint: https://a.example, bandwidth: {limit: 10}}', 'spec.bandwidth.limit'],
  ['{endpoint: https://a.example, bandwidth: {limit: 0MB/s}}', 'spec.bandwidth.limit'],
  [
    '{endpoint: https://a.example, bandwidth: {windows: [{from: "25:00", to: "06:00", limit: paused}]}}',
    'spec.bandwidth.windows[0].from',
  ],
])('refuses %s', async (spec, path) => {
  const outline = await outlineOf(registry('r', spec));
  expect(outline.length).toBeGreaterThan(0);
  for (const line of outline) expect(line).toContain(` ${path}`);
});

test('never repeats a password that stands where none may', async () => {
  const text = registry(
    'r',
    '{endpoint: https://a.example, proxy: "http://user:hunter2@p.example"}',
  );
  expect(await problemsOf(text)).not.toContain('hunter2');
});

test('refuses two Registries for one place', async () => {
  const text = [
    registry('one', '{endpoint: https://a.example}'),
    registry('two', '{endpoint: "https://A.example/"}'),
  ].join('');
  expect(await problemsOf(text)).toMatchInlineSnapshot(`
    "stdin:10:18: error: Two Registries share an endpoint [manifest/shared-endpoint]
      Registry/two spec.endpoint
      \`https://a.example\` is already the endpoint of Registry/one on line 5.
      Write what both say into one of them, and remove the other."
  `);
});

test('refuses two Registries for one place under two of its names', async () => {
  const text = [
    registry('one', '{endpoint: https://docker.io}'),
    registry('two', '{endpoint: https://index.docker.io}'),
  ].join('');
  expect(await outlineOf(text)).toEqual([expect.stringContaining('manifest/shared-endpoint')]);
});

test('refuses a mirror that stands twice', async () => {
  const spec =
    '{endpoint: https://a.example, mirrors: [https://b.example, {url: https://b.example}]}';
  expect(await outlineOf(registry('r', spec))).toHaveLength(1);
});
