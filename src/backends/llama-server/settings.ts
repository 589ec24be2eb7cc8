// A Backend's settings in llama-server's words: the LLAMA_ARG_* variables of a router, which hands
// them on to the servers of its models. They stand behind its command line and before its presets.
// Pure.
import { checked, refused } from '../../core/problem.ts';
import { doubled, present, type ServedEngine, sharedVariables } from '../served-engine.ts';
import { unsupported } from '../unsupported.ts';
import { presetPath } from './place.ts';

const mebibyte = 1024 * 1024;

export const llamaServerSettings: ServedEngine = {
  name: 'llama-server',
  arguments: [],
  storeVariable: 'LLAMA_ARG_MODELS_DIR',
  listening: ({ hostname, port, protocol }) => ({
    LLAMA_ARG_HOST: hostname.replaceAll(/[[\]]/g, ''),
    LLAMA_ARG_PORT: port === '' ? (protocol === 'https:' ? '443' : '80') : port,
  }),
  // Offline, so that nothing is fetched behind the lock.
  serving: (store) => ({
    variables: { LLAMA_ARG_MODELS_PRESET: presetPath(store), LLAMA_ARG_OFFLINE: '1' },
    neededFile: presetPath(store),
  }),
  variables: (settings) => {
    const { numParallel, contextLength, flashAttention, gpuOverhead, kvCacheType } = settings;
    const own = {
      LLAMA_ARG_N_PARALLEL: numParallel?.toString(),
      LLAMA_ARG_MODELS_MAX: settings.maxLoadedModels?.toString(),
      // With a number of slots it divides the context among them; ours is that of each.
      LLAMA_ARG_CTX_SIZE:
        contextLength === undefined ? undefined : String(contextLength * (numParallel ?? 1)),
      LLAMA_ARG_FLASH_ATTN:
        flashAttention === undefined ? undefined : flashAttention ? 'on' : 'off',
      LLAMA_ARG_CACHE_TYPE_K: kvCacheType,
      LLAMA_ARG_CACHE_TYPE_V: kvCacheType,
      LLAMA_ARG_FIT_TARGET:
        gpuOverhead === undefined ? undefined : String(Math.ceil(gpuOverhead / mebibyte)),
      LLAMA_ARG_MODELS_DIR: settings.modelsPath,
    };
    const ours = {
      LLAMA_ARG_HOST: 'endpoint',
      LLAMA_ARG_PORT: 'endpoint',
      LLAMA_ARG_MODELS_PRESET: 'files.path',
      LLAMA_ARG_OFFLINE: 'always',
    };
    const problems = [
      ...doubled(settings, { ...own, ...ours }),
      ...(settings.keepAlive === undefined ? [] : [noKeepAlive]),
    ];
    if (problems.length > 0) return refused(...problems);
    return checked({ ...present(own), ...sharedVariables(settings) });
  },
};

/** `--sleep-idle-seconds` has no variable. */
const noKeepAlive = unsupported(
  'spec.settings.keepAlive',
  'llama-server takes the time after which a model goes to sleep on its command line only.',
  'Remove it, and set `keepAlive` on the Models.',
);
