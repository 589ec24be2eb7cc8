// The Hugging Face cache as a backend: models of the Hub where huggingface_hub keeps them, for
// transformers, vLLM, MLX and whatever else loads them from there. It stores, and runs nothing.
import { assert } from '../../core/assert.ts';
import type { BackendReference } from '../../core/backend-reference.ts';
import { ProblemError } from '../../core/problem.ts';
import type { Backend } from '../backend.ts';
import { check } from './check.ts';
import { placeOf } from './place.ts';
import { canonicalName } from './translate.ts';

/** Pure. The cache need not be there yet. */
export function createHuggingFace({ store, id }: BackendReference): Backend {
  assert(store !== null, 'a Hugging Face cache is a folder');
  const label = `The Hugging Face cache ${store}`;
  return {
    type: 'huggingface',
    id,
    label,
    listsOnRequest: true,
    check,
    // Of the list of its files, so that every cache gives the same content the same digest.
    identify: (_shape, artifact) => artifact.revision,
    canonicalName,
    // Loaded when a set uses it.
    observe: async (question, context) => {
      const { observe } = await import('./observe.ts');
      return observe(placeOf(context.io, store), question, context);
    },
    perform: async (action, context) => {
      const { perform } = await import('./perform.ts');
      return perform(placeOf(context.io, store), action, context);
    },
    keeps: async (placements, _observation, context) => {
      const { keeps } = await import('./keeps.ts');
      return keeps(placeOf(context.io, store), placements, context);
    },
    inference: async () => {
      const { servesNothing } = await import('./failures.ts');
      throw new ProblemError(servesNothing(label));
    },
  };
}
