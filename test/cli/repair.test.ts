// The whole way, on a real engine: a model whose file went bad does not answer, and after the repair
// it does.
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runModelctl } from './transcript.ts';

const starter = fileURLToPath(
  new URL('../../examples/quickstart/starter-v1.gguf', import.meta.url),
);
let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'modelctl-repair-'));
});

afterEach(async () => {
  await run('engine stop');
  await rm(root, { recursive: true });
});

const run = (line: string) =>
  runModelctl(line.split(' '), {
    place: { folder: join(root, 'work'), home: join(root, 'home'), address: '127.0.0.1:9' },
  });

/** The largest file of the store is that of the weights. */
async function weightsPath(): Promise<string> {
  const blobs = join(root, 'home/cache/oci/blobs/sha256');
  const files = await Promise.all(
    (await readdir(blobs)).map(async (name) => {
      const path = join(blobs, name);
      return { path, bytes: (await readFile(path)).length };
    }),
  );
  return files.toSorted((a, b) => b.bytes - a.bytes)[0]?.path ?? '';
}

test('a model with zeros in its file answers again once it is repaired', async () => {
  await mkdir(join(root, 'work'), { recursive: true });
  await copyFile(starter, join(root, 'work/starter.gguf'));
  await writeFile(
    join(root, 'work/models.yaml'),
    [
      'apiVersion: modelctl.dev/v1alpha1',
      'kind: Model',
      'metadata: { name: starter }',
      'spec: { source: "file://./starter.gguf" }',
      '---',
      'apiVersion: modelctl.dev/v1alpha1',
      'kind: Backend',
      'metadata: { name: mine }',
      'spec: { type: embedded }',
    ].join('\n'),
  );
  expect((await run('apply -f models.yaml')).code).toBe(0);
  const path = await weightsPath();
  await writeFile(path, (await readFile(path)).fill(0, 2000));
  expect((await run('run starter hello')).code).toBe(3);
  const found = await run('verify -f models.yaml');
  expect([found.code, found.stdout]).toEqual([2, expect.stringMatching(/starter +zeroed/)]);
  expect((await run('repair -f models.yaml')).code).toBe(0);
  expect(await run('run starter hello')).toMatchObject({
    code: 0,
    stdout: 'hello from modelctl version one .\n',
  });
  expect((await run('verify -f models.yaml')).code).toBe(0);
}, 120_000);
