// The contract of every backend, as far as it is about what is stored, kept by the Hugging Face cache.
import { placeOf } from '../../../src/backends/huggingface/place.ts';
import { type Bench, backendContract } from '../contract.ts';
import { c1, c2, createCacheWorld } from './cache-world.ts';

backendContract('the Hugging Face cache', setup, {
  derives: false,
  loads: false,
  namesBySource: true,
  observeRequestsMax: 0,
  refusedRuntime: null,
  goesDown: true,
});

async function setup(): Promise<Bench> {
  const world = await createCacheWorld();
  const { io, backend, cache, sharedFiles, obtain } = world;
  const source = 'hf://contract/a@main';
  const subject = (weights: string, commit: string) => {
    const artifact = world.artifact(
      { 'model.safetensors': weights, 'config.json': '{}' },
      { source, commit },
    );
    return { source, artifact, says: null };
  };
  return {
    backend,
    io,
    obtain,
    shared: { sharedFiles, isStored: async () => false },
    first: subject('weights one', c1),
    second: subject('weights two', c2),
    prefix: 'contract/',
    // Nothing has to run for it to be up; it is down when its names cannot be read.
    takeDown: () => io.files.writeAtomic(placeOf(io, cache.path).namesFile, '{"version":1,"na'),
    requests: null,
    cleanUp: async () => undefined,
  };
}
