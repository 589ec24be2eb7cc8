// The models that the examples ship are the ones that the generator makes, and nothing else.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tinyGguf } from './fakes/tiny-gguf.mjs';

it.each([
  ['starter-v1.gguf', 1, 'hello from modelctl version one .'],
  ['starter-v2.gguf', 2, 'hello from modelctl version two .'],
])('%s can be made again, byte for byte', (file, seed, says) => {
  const shipped = readFileSync(new URL(`../examples/quickstart/${file}`, import.meta.url));
  expect(shipped.equals(tinyGguf({ type: 'q8_0', name: 'starter', seed, says }))).toBe(true);
});
