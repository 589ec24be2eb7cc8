// The embedded backend: models in an OCI image layout on this machine, run by an engine process of
// our own that is started on demand and outlives whoever started it.
import { assert } from '../../core/assert.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Backend } from '../backend.ts';
import { identify } from '../images/identify.ts';
import { canonicalName } from '../images/shapes.ts';
import { check } from './check.ts';
import { placeOf } from './place.ts';

/** Pure. Makes no request; the engine need not run. */
export function createEmbedded(reference: BackendReference): Backend {
  const { store, id } = reference;
  assert(store !== null, 'the embedded engine has a store');
  return {
    type: 'embedded',
    id,
    keepsFiles: true,
    label: `The embedded engine with the store ${store}`,
    check,
    identify,
    canonicalName,
    // Loaded when a set uses it: most have an Ollama.
    observe: async (question, context) => {
      const { observe } = await import('./observe.ts');
      return observe(await placeOf(context.io, store), question, context);
    },
    perform: async (action, context) => {
      const { perform } = await import('./perform.ts');
      return perform(await placeOf(context.io, store), action, context);
    },
    keeps: async (placements, _observation, context) => {
      const { keeps } = await import('../images/keeps.ts');
      const place = await placeOf(context.io, store);
      return keeps({ path: place.store, io: context.io }, placements);
    },
    inference: async (context) => {
      const { ensureEngine } = await import('./control.ts');
      return (await ensureEngine(await placeOf(context.io, store), context)).address;
    },
  };
}
