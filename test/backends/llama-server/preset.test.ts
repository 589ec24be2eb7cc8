import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
  isWritable,
  parsePreset,
  parseSections,
  renderPreset,
} from '../../../src/backends/llama-server/preset.ts';
import { readPresets } from '../../fakes/llama-server/preset-file.ts';

let folder = '';
afterEach(() => rm(folder, { recursive: true, force: true }));

const value = fc.stringMatching(/^[ -~]{1,20}$/).filter(isWritable);
const options = fc.dictionary(fc.constantFrom('model', 'tags', 'device', 'lora'), value, {
  noNullPrototype: true,
});
const others = fc.constantFrom('', '# by hand\n', '[mine]\nmodel = /x ; y\n', '[mine]\r\ndevice=a');

test('what is written comes back, and what others wrote stays as it is', () => {
  fc.assert(
    fc.property(others, fc.array(options, { maxLength: 3 }), (before, all) => {
      const own = all.map((one, at) => ({
        name: `m${at}:X`,
        options: new Map(Object.entries(one)),
      }));
      const text = renderPreset({ before, own, after: '\n[last]\ndevice = b\n' });
      expect(text.startsWith(before)).toBe(true);
      expect(text.endsWith('\n[last]\ndevice = b\n')).toBe(true);
      const parsed = parsePreset(text);
      expect(parsed.own).toEqual(own);
      expect(renderPreset(parsed)).toBe(text);
    }),
  );
});

test('the server reads the same as modelctl', async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-preset-'));
  const path = join(folder, 'models.ini');
  const text = '[ a:b-c]\nmodel = /x y\t; no\nctx-size=1\n\n# z\n[d]\ntemp = 0.5#1\n';
  await writeFile(path, text);
  const { models } = readPresets(path);
  expect([...models]).toEqual([
    [
      'a:C',
      new Map([
        ['model', '/x y'],
        ['ctx-size', '1'],
      ]),
    ],
    ['d', new Map([['temperature', '0.5']])],
  ]);
  expect(parseSections(text).map((one) => [one.name, ...one.options])).toEqual([
    ['a:b-c', ['model', '/x y'], ['ctx-size', '1']],
    ['d', ['temp', '0.5']],
  ]);
});
