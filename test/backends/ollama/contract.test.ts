// The contract of every backend, kept by Ollama: the fake in memory and behind a port, and the live
// engine that MODELCTL_TEST_OLLAMA names.
import { afterAll } from 'vitest';
import { facts } from '../../fakes/ollama/facts.ts';
import { backendContract, type Traits } from '../contract.ts';
import { liveEngine, liveImportWorld, liveStore, liveWayWorld, liveWorld } from './live.ts';
import { importWorld, memoryWorld, portWorld, wayWorld } from './worlds.ts';

const traits: Traits = {
  derives: true,
  loads: true,
  namesBySource: false,
  observeRequestsMax: 3,
  refusedRuntime: { parallel: 2 },
  goesDown: true,
};

backendContract('a fake Ollama', async () => memoryWorld(), traits);
backendContract(
  'a fake Ollama that slowly fetches',
  async () => memoryWorld({ stepDelayMs: 100 }),
  traits,
);
backendContract('a fake Ollama that imports files', async () => importWorld(), traits);
backendContract(
  'a fake Ollama that is filled through files',
  async () => wayWorld('files'),
  traits,
);
backendContract(
  'a fake Ollama that is filled through its API',
  async () => wayWorld('api'),
  traits,
);
backendContract(
  'a fake Ollama that imports files through its store',
  async () => importWorld('files'),
  traits,
);
backendContract('a fake Ollama behind a port', portWorld, traits);

const live = await liveEngine();
// All in this one file: what asks a live engine must not run side by side.
if (live !== null) {
  afterAll(live.stop);
  facts(`the Ollama at ${live.url}`, async () => ({ ...live, stop: async () => undefined }));
  const lively = { ...traits, goesDown: false };
  backendContract(`the Ollama at ${live.url}`, () => liveWorld(live), lively);
  for (const way of liveStore() === null ? (['api'] as const) : (['files', 'api'] as const)) {
    const name = `the Ollama at ${live.url} that is filled through its ${way}`;
    backendContract(name, () => liveWayWorld(live, way), lively);
  }
  backendContract(
    `the Ollama at ${live.url} that imports files`,
    () => liveImportWorld(live),
    lively,
  );
}
