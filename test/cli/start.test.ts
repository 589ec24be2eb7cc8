// What every command loads before it does anything, as it was built.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const chunks = fileURLToPath(new URL('../../dist/chunks/', import.meta.url));

test('the start of a command loads none of the built-in modules that are slow to load', () => {
  const [start = ''] = globSync('start-*.js', { cwd: chunks });
  const atOnce = readFileSync(chunks + start, 'utf8')
    .split('\n')
    .flatMap(
      (line) => /^const (?!.*=>).*getBuiltinModule\("node:([\w/]+)"\)/.exec(line)?.[1] ?? [],
    );
  expect(atOnce.toSorted()).toEqual(['buffer', 'fs', 'path', 'process']);
});
