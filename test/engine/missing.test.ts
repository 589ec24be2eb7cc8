// Without node-llama-cpp, which users install beside modelctl or not.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { ProblemError } from '../../src/core/problem.ts';
import { type Runner, startRunner } from '../../src/engine/runner.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
let folder: string | undefined;
let runner: Runner | undefined;
afterEach(async () => {
  await runner?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

test('a load says what is missing and how to get it', async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelctl-alone-'));
  for (const part of ['core', 'engine', 'io']) {
    await cp(join(source, part), join(folder, 'src', part), { recursive: true });
  }
  const program = join(folder, 'src', 'engine', 'main.ts');
  runner = startRunner({ program, onCrash: () => undefined });
  const model = { path: 'model.gguf', adapters: [], load: {} };
  const error: unknown = await runner
    .run({ kind: 'load', model })
    .catch((reason: unknown) => reason);
  expect(error instanceof ProblemError && error.problem).toMatchObject({
    code: 'engine/missing',
    retry: 'never',
    remedy: 'Install it beside modelctl:\n\n    npm install node-llama-cpp',
  });
});
