// Ten thousand models in one file must cost the memory of their plain data, not of their syntax
// trees: what a process needs beyond that for one model is measured in processes of their own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('load-once.ts', import.meta.url));

async function peakOf(file: string): Promise<{ models: number; peakBytes: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, file]);
  return JSON.parse(stdout) as { models: number; peakBytes: number };
}

const modelText = (index: number): string =>
  `---\napiVersion: modelctl.dev/v1alpha1\nkind: Model\nmetadata: {name: m${index}}\nspec: {source: "qwen3:${index}"}\n`;

test('reads ten thousand models of five lines in little more memory than one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'modelctl-memory-'));
  const file = (count: number): string => join(folder, `${count}.yaml`);
  for (const count of [1, 10_000]) {
    await writeFile(
      file(count),
      Array.from({ length: count }, (_, index) => modelText(index)).join(''),
    );
  }
  const one = await peakOf(file(1));
  const many = await peakOf(file(10_000));
  await rm(folder, { recursive: true });
  expect([one.models, many.models]).toEqual([1, 10_000]);
  expect(many.peakBytes - one.peakBytes).toBeLessThan(90e6);
}, 60_000);
