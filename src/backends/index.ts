// The one list of backends: an engine that is not here does not exist for modelctl.
import type { BackendReference } from '../core/backend-reference.ts';
import type { Backend, Engines } from './backend.ts';
import { createEmbedded } from './embedded/index.ts';
import { createHuggingFace } from './huggingface/index.ts';
import { createLlamaServer } from './llama-server/index.ts';
import { createOllama } from './ollama/index.ts';
import { refer } from './refer.ts';
import { serve } from './serve.ts';

/** Pure. Makes no request; the engine may be down. */
function createBackend(reference: BackendReference): Backend {
  switch (reference.type) {
    case 'ollama':
      return createOllama(reference);
    case 'llama-server':
      return createLlamaServer(reference);
    case 'embedded':
      return createEmbedded(reference);
    case 'huggingface':
      return createHuggingFace(reference);
  }
}

/** The list as the stages are given it. */
export const engines: Engines = { refer, create: createBackend, serve };
