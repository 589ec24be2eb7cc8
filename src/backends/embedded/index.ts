// The embedded backend: models in an OCI image layout on this machine, run by an engine process of
// our own that is started on demand and outlives whoever started it.
import { assert } from '../../core/assert.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Backend } from '../backend.ts';
import { canonicalName, check } from './check.ts';
import { ensureEngine } from './control.ts';
import { observe } from './observe.ts';
import { perform } from './perform.ts';
import { placeOf } from './place.ts';
import { identify } from './translate.ts';

/** Pure. Makes no request; the engine need not run. */
export function createEmbedded(reference: BackendReference): Backend {
  const { store, id } = reference;
  assert(store !== null, 'the embedded engine has a store');
  return {
    type: 'embedded',
    id,
    label: `The embedded engine with the store ${store}`,
    check,
    identify,
    canonicalName,
    observe: async (question, context) =>
      observe(await placeOf(context.io, store), question, context),
    perform: async (action, context) => perform(await placeOf(context.io, store), action, context),
    inference: async (context) =>
      (await ensureEngine(await placeOf(context.io, store), context)).address,
  };
}
