// The Ollama backend: everything that modelctl asks of one Ollama, wherever it runs. Holds no
// state but the names it is replacing right now; several of them work side by side.
import { assert } from '../../core/assert.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Backend } from '../backend.ts';
import { authorization, type Engine } from '../exchange.ts';
import { check, identify } from './check.ts';
import { dialect } from './failures.ts';
import { canonicalName } from './names.ts';
import { observe } from './observe.ts';
import type { Workshop } from './replace.ts';

/** Pure. Makes no request; the engine may be down. */
export function createOllama(reference: BackendReference): Backend {
  const { endpoint, auth, id } = reference;
  assert(endpoint !== null, 'an Ollama is reached by its endpoint');
  const engine: Engine = { endpoint, label: `Ollama at ${endpoint}`, auth, dialect };
  const workshop: Workshop = { engine, reference, busy: new Set(), weights: new Map() };
  return {
    type: 'ollama',
    id,
    label: engine.label,
    check,
    identify,
    canonicalName,
    observe: (question, context) => observe(engine, reference, question, context),
    // Most runs only look.
    perform: async (action, context) =>
      (await import('./perform.ts')).perform(workshop, action, context),
    keeps: async (placements, observation, context) =>
      (await import('./keeps.ts')).keeps(reference, placements, observation, context),
    inference: async ({ io }) => ({ url: endpoint, headers: await authorization(engine, io) }),
  };
}
