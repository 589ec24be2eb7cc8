// The contract of every backend, kept by llama-server: the fake, and the real one that
// MODELCTL_TEST_LLAMA_SERVER names.
import { backendContract, type Traits } from '../contract.ts';
import { realProgram } from './real-server.ts';
import { serverFacts } from './server-facts.ts';
import { createWorld, fake, real } from './worlds.ts';

const traits: Traits = {
  // It keeps no system prompts.
  derives: false,
  observeRequestsMax: 2,
  refusedRuntime: null,
  loads: true,
  namesBySource: false,
  goesDown: true,
};

backendContract('a fake llama-server', () => createWorld(fake), traits);
serverFacts('a fake llama-server', fake);

const program = realProgram();
if (program !== null) {
  backendContract('the real llama-server', () => createWorld(real(program)), traits);
  serverFacts('the real llama-server', real(program));
}
