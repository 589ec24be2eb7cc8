// The llama-server backend: a server in router mode that runs already, which is told what to serve
// through a preset file, and opens files that modelctl keeps for it.
import { assert } from '../../core/assert.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Backend } from '../backend.ts';
import { authorization, type Engine } from '../exchange.ts';
import { identify } from '../images/identify.ts';
import { check } from './check.ts';
import { dialect, howToStart, noSharedStore } from './failures.ts';
import { canonicalName } from './names.ts';
import { presetPath } from './place.ts';

/** Pure. Makes no request; the engine may be down. */
export function createLlamaServer(reference: BackendReference): Backend {
  const { endpoint, auth, id, store } = reference;
  assert(endpoint !== null, 'a llama-server is reached by its endpoint');
  const start = howToStart(endpoint, store === null ? null : presetPath(store), false);
  const label = `llama-server at ${endpoint}`;
  const engine: Engine = { endpoint, label, auth, dialect: dialect(start) };
  return {
    type: 'llama-server',
    id,
    keepsFiles: true,
    label,
    check,
    identify,
    canonicalName,
    // Loaded when a set uses it: most have an Ollama.
    observe: async (question, context) =>
      (await import('./observe.ts')).observe(engine, store, question, context),
    perform: async (action, context) =>
      (await import('./perform.ts')).perform(engine, store, action, context),
    keeps: async (placements, _observation, { io }) => {
      if (store === null) {
        const problem = noSharedStore(label);
        return new Map(placements.map(({ name }) => [name, { kind: 'closed', problem } as const]));
      }
      return (await import('../images/keeps.ts')).keeps({ path: store, io }, placements);
    },
    inference: async ({ io }) => ({ url: endpoint, headers: await authorization(engine, io) }),
  };
}
