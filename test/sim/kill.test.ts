// `kill -9` of the real program: a few rounds here, 200 and 20 with `npm run sim -- --only kill`,
// 300 of pulls with `--only pulls`.
import { expect, it } from 'vitest';
import { phaseOf } from './kill.ts';
import { killOnEmbedded } from './kill-embedded.ts';
import { killOnOllama } from './kill-ollama.ts';
import { killPulls } from './kill-pulls.ts';

it('recovers from kill -9 against an Ollama', async () => {
  expect((await killOnOllama(4, 1)).kills).toBe(4);
}, 120_000);

it('recovers from kill -9 with the embedded engine', async () => {
  expect((await killOnEmbedded(1, 1)).kills).toBe(1);
}, 120_000);

it('recovers from kill -9 of a pull', async () => {
  const kinds = ['https embedded', 'oci files', 'ollama api'];
  expect((await killPulls(3, 1, kinds)).kills).toBe(3);
}, 120_000);

it('tells from what a run printed what it was doing', () => {
  const pull = '"action":{"id":"a","kind":"pull"}';
  const lines = ['{"type":"version"}', '{"type":"planned"}', `{"type":"started",${pull}}`];
  expect(phaseOf('{"type":"ver')).toBe('before the plan');
  expect(phaseOf(`${lines.slice(0, 2).join('\n')}\n`)).toBe('before the first action');
  expect(phaseOf(`${lines.join('\n')}\n{"type"`)).toBe('in a pull');
  expect(phaseOf(`${lines.join('\n')}\n{"type":"finished",${pull}}\n`)).toBe('after an action');
});
