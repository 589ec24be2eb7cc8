// `kill -9` of the real program: a few rounds here, 200 and 20 with `npm run sim -- --only kill`.
import { expect, it } from 'vitest';
import { killOnEmbedded, killOnOllama } from './kill.ts';

it('recovers from kill -9 against an Ollama', async () => {
  expect((await killOnOllama(4, 1)).rounds).toBe(4);
}, 120_000);

it('recovers from kill -9 with the embedded engine', async () => {
  expect((await killOnEmbedded(1, 1)).rounds).toBe(1);
}, 120_000);
