// When the way through files is open: only for a folder of ours that is seen to be the server's own.
import { describe, expect, test } from 'vitest';
import { createOllama } from '../../../src/backends/ollama/index.ts';
import type { BackendReference } from '../../../src/core/backend-reference.ts';
import type { Access } from '../../../src/core/way.ts';
import { look, request } from '../requests.ts';
import { endpoint, referenceTo, storeFolder, type WayWorld, wayWorld } from './worlds.ts';

/** Of a look that wants what is not there. */
async function accessIn(
  world: WayWorld,
  more: Partial<BackendReference> = {},
): Promise<Access | undefined> {
  const reference = referenceTo(endpoint, { store: storeFolder, ...more });
  const backend = createOllama(reference);
  const asked = request(world, world.second);
  return (await look({ backend, io: world.io }, asked, world.second.artifact)).access;
}

const withModel = async (options: Parameters<typeof wayWorld>[1] = {}): Promise<WayWorld> => {
  const world = wayWorld('files', options);
  await world.fake.foreign.pull('tiny:v1');
  return world;
};

const manifest = 'manifests/registry.ollama.ai/library/tiny/v1';

describe('the way through files', () => {
  test('is open where the folder holds what the server lists, and where both are empty', async () => {
    expect(await accessIn(await withModel())).toEqual({ way: 'files', stagesBeside: true });
    expect((await accessIn(wayWorld('files')))?.way).toBe('files');
  });

  test('is closed where the store is not known, not ours, or forbidden', async () => {
    const world = await withModel();
    expect(await accessIn(world, { store: null })).toEqual({ way: 'api', stagesBeside: false });
    expect((await accessIn(world, { store: '/nowhere' }))?.way).toBe('api');
    expect((await accessIn(world, { files: 'read' }))?.way).toBe('api');
    expect((await accessIn(world, { files: 'none' }))?.way).toBe('api');
    world.io.files.setAccess(`${storeFolder}/blobs`, 'read');
    expect((await accessIn(world))?.way).toBe('api');
  });

  test('is closed where the folder is empty and the server is not, or the other way round', async () => {
    expect((await accessIn(await withModel({ serverStore: '/another' })))?.way).toBe('api');
    const world = wayWorld('files', { serverStore: '/another' });
    world.io.files.put(`${storeFolder}/${manifest}`, world.first.artifact.manifest ?? '');
    expect((await accessIn(world))?.way).toBe('api');
  });

  test('is closed where a container holds the same model as the folder', async () => {
    const world = await withModel({ serverStore: '/another' });
    world.io.files.put(`${storeFolder}/${manifest}`, world.first.artifact.manifest ?? '');
    expect((await accessIn(world))?.way).toBe('files');
    await world.io.clock.sleep(5_000);
    world.io.files.put(`${storeFolder}/${manifest}`, world.first.artifact.manifest ?? '');
    expect((await accessIn(world))?.way).toBe('api');
  });

  test('is closed where the folder holds other content under a name', async () => {
    const world = await withModel({ serverStore: '/another' });
    world.io.files.put(`${storeFolder}/${manifest}`, world.second.artifact.manifest ?? '');
    expect((await accessIn(world))?.way).toBe('api');
  });

  test('is not asked about when everything is there', async () => {
    const world = await withModel();
    const { backend, io, first } = world;
    expect(await look({ backend, io }, request(world, first), first.artifact)).not.toHaveProperty(
      'access',
    );
  });
});
