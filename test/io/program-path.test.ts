// Programs of ours are found wherever the code that starts them was put.
import { expect, test } from 'vitest';
import { programPath } from '../../src/io/program-path.ts';

test('a program is found from the sources and from the bundle', () => {
  expect(programPath('file:///a/src/dist/src/backends/embedded/control.ts', 'engine/main')).toBe(
    '/a/src/dist/src/engine/main.ts',
  );
  expect(programPath('file:///a/src/b/dist/chunks/control-1.js', 'engine/main')).toBe(
    '/a/src/b/dist/engine/main.js',
  );
});
