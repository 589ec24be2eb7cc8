// What the Python client makes of models that the backend brought and took out. Runs with the Python
// that MODELCTL_TEST_PYTHON names, one that has huggingface_hub.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { c1, c2, createCacheWorld, evictOf, pullOf, repository } from './cache-world.ts';

const python = process.env['MODELCTL_TEST_PYTHON'] ?? '';
const program = fileURLToPath(
  new URL('../../artifacts/stores/huggingface/python_client.py', import.meta.url),
);
const run = promisify(execFile);

describe.runIf(python !== '' || process.env['CI'] !== undefined)(
  'the Python client',
  { timeout: 60_000 },
  () => {
    test('loads what the backend keeps, at the newest commit, and finds nothing when it went', async () => {
      const world = await createCacheWorld();
      const ask = async (...words: readonly string[]): Promise<unknown> => {
        const env = { PATH: process.env['PATH'], HF_HOME: world.folder };
        const { stdout } = await run(python, [program, world.cache.path, ...words], { env });
        return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as unknown;
      };
      const texts = { 'model.safetensors': 'the weights', 'config.json': '{"a":1}' };
      const before = world.artifact(texts);
      await world.perform(pullOf(world, before));
      const after = world.artifact({ ...texts, 'model.safetensors': 'new' }, { commit: c2 });
      await world.perform(pullOf(world, after, before.revision));
      const snapshot = join(world.cache.path, 'models--acme--tiny', 'snapshots', c2);
      expect(await ask('snapshot', repository)).toBe(snapshot);
      expect(await ask('local', repository, 'config.json')).toBe(join(snapshot, 'config.json'));
      expect(await ask('scan')).toMatchObject({
        warnings: [],
        repositories: [{ id: repository, revisions: [{ commit: c2, refs: ['main'] }] }],
      });
      expect(await ask('load', repository, 'config.json', c1)).toBeNull();
      await world.perform(evictOf(world, after.revision));
      expect(await ask('scan')).toMatchObject({ warnings: [], bytes: 0, repositories: [] });
    });
  },
);
