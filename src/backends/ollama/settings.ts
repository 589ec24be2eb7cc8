// A Backend's settings in Ollama's words: the environment variables of `ollama serve` (envconfig). It
// reads them when it starts, and takes what it cannot read for its default without a word, so only
// what it reads is written. Pure.
import { assert } from '../../core/assert.ts';
import { parseDuration } from '../../core/duration.ts';
import { checked, refused } from '../../core/problem.ts';
import { doubled, present, type ServedEngine, sharedVariables } from '../served-engine.ts';

export const ollamaSettings: ServedEngine = {
  name: 'ollama',
  arguments: ['serve'],
  storeVariable: 'OLLAMA_MODELS',
  listening: ({ host }) => ({ OLLAMA_HOST: host }),
  variables: (settings) => {
    const own = {
      OLLAMA_NUM_PARALLEL: settings.numParallel?.toString(),
      OLLAMA_MAX_LOADED_MODELS: settings.maxLoadedModels?.toString(),
      OLLAMA_KEEP_ALIVE: settings.keepAlive && goDuration(settings.keepAlive),
      OLLAMA_CONTEXT_LENGTH: settings.contextLength?.toString(),
      OLLAMA_FLASH_ATTENTION:
        settings.flashAttention === undefined ? undefined : settings.flashAttention ? '1' : '0',
      OLLAMA_KV_CACHE_TYPE: settings.kvCacheType,
      OLLAMA_GPU_OVERHEAD: settings.gpuOverhead?.toString(),
      OLLAMA_MODELS: settings.modelsPath,
    };
    const problems = doubled(settings, { ...own, OLLAMA_HOST: 'endpoint' });
    if (problems.length > 0) return refused(...problems);
    return checked({ ...present(own), ...sharedVariables(settings) });
  },
};

/** A bare number is seconds to it, and a negative one for ever. */
function goDuration(text: string): string {
  const durationMs = parseDuration(text);
  assert(durationMs !== null, 'the schema lets durations pass only');
  return durationMs === 'forever' ? '-1' : `${durationMs}ms`;
}
