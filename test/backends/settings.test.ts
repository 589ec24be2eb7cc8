// What a Backend's settings are in each engine's own words.
import { describe, expect, test } from 'vitest';
import { engines } from '../../src/backends/index.ts';
import { llamaServerSettings } from '../../src/backends/llama-server/settings.ts';
import { ollamaSettings } from '../../src/backends/ollama/settings.ts';
import type { ServedEngine } from '../../src/backends/served-engine.ts';
import type { BackendSettings } from '../../src/core/resource.ts';
import { createFakeIo } from '../fakes/io.ts';

const told = (engine: ServedEngine, settings: BackendSettings): unknown => {
  const variables = engine.variables(settings);
  return variables.ok ? variables.value : variables.problems.map(({ path }) => path);
};

const all: BackendSettings = {
  numParallel: 4,
  maxLoadedModels: 0,
  contextLength: 8192,
  flashAttention: true,
  kvCacheType: 'q8_0',
  gpuOverhead: 1_500_000_000,
  modelsPath: '/srv/models',
  httpsProxy: { env: 'PROXY' },
  noProxy: 'localhost',
  environment: { CUDA_VISIBLE_DEVICES: '0', TOKEN: { file: '/run/token' } },
};
const shared = {
  HTTPS_PROXY: { env: 'PROXY' },
  NO_PROXY: 'localhost',
  CUDA_VISIBLE_DEVICES: '0',
  TOKEN: { file: '/run/token' },
};

describe('Ollama', () => {
  test('is told everything by variables of its environment', () => {
    expect(told(ollamaSettings, { ...all, keepAlive: '1h30m' })).toEqual({
      ...shared,
      OLLAMA_NUM_PARALLEL: '4',
      OLLAMA_MAX_LOADED_MODELS: '0',
      OLLAMA_KEEP_ALIVE: '5400000ms',
      OLLAMA_CONTEXT_LENGTH: '8192',
      OLLAMA_FLASH_ATTENTION: '1',
      OLLAMA_KV_CACHE_TYPE: 'q8_0',
      OLLAMA_GPU_OVERHEAD: '1500000000',
      OLLAMA_MODELS: '/srv/models',
    });
  });

  test.each([
    ['-1', '-1'],
    ['0', '0ms'],
    ['500ms', '500ms'],
  ])('is told a keep-alive of %s as %s', (keepAlive, variable) => {
    expect(told(ollamaSettings, { keepAlive })).toEqual({ OLLAMA_KEEP_ALIVE: variable });
  });

  test('is told `false` too, and nothing that was not said', () => {
    expect(told(ollamaSettings, { flashAttention: false })).toEqual({
      OLLAMA_FLASH_ATTENTION: '0',
    });
    expect(told(ollamaSettings, {})).toEqual({});
  });

  test('is not told one thing twice', () => {
    const environment = { OLLAMA_NUM_PARALLEL: '2', OLLAMA_HOST: '0.0.0.0', OLLAMA_DEBUG: '1' };
    expect(told(ollamaSettings, { numParallel: 4, environment })).toEqual([
      'spec.settings.environment.OLLAMA_NUM_PARALLEL',
      'spec.settings.environment.OLLAMA_HOST',
    ]);
  });
});

describe('llama-server', () => {
  test('is told by variables too, with a context for all slots together', () => {
    expect(told(llamaServerSettings, all)).toEqual({
      ...shared,
      LLAMA_ARG_N_PARALLEL: '4',
      LLAMA_ARG_MODELS_MAX: '0',
      LLAMA_ARG_CTX_SIZE: '32768',
      LLAMA_ARG_FLASH_ATTN: 'on',
      LLAMA_ARG_CACHE_TYPE_K: 'q8_0',
      LLAMA_ARG_CACHE_TYPE_V: 'q8_0',
      LLAMA_ARG_FIT_TARGET: '1431',
      LLAMA_ARG_MODELS_DIR: '/srv/models',
    });
    expect(llamaServerSettings.listening(new URL('http://[::1]:8081'))).toEqual({
      LLAMA_ARG_HOST: '::1',
      LLAMA_ARG_PORT: '8081',
    });
  });

  test('has no variable for a keep-alive', () => {
    expect(told(llamaServerSettings, { keepAlive: '5m' })).toEqual(['spec.settings.keepAlive']);
  });

  test('serves what modelctl keeps for it, and fetches nothing by itself', () => {
    expect(llamaServerSettings.serving?.('/srv/llama')).toEqual({
      variables: { LLAMA_ARG_MODELS_PRESET: '/srv/llama/models.ini', LLAMA_ARG_OFFLINE: '1' },
      neededFile: '/srv/llama/models.ini',
    });
    const environment = { LLAMA_ARG_OFFLINE: '0' };
    expect(told(llamaServerSettings, { environment })).toEqual([
      'spec.settings.environment.LLAMA_ARG_OFFLINE',
    ]);
  });
});

test('an engine that is no program of its own is not run as a service', async () => {
  const io = createFakeIo();
  const referred = await engines.refer({ host: 'local', type: 'embedded', name: 'own' }, io);
  if (!referred.ok) throw new Error('the embedded engine is always there');
  const engine = { reference: referred.value, backend: engines.create(referred.value) };
  const served = engines.serve?.({ service: { type: 'managed' }, settings: {} }, engine, io);
  expect(served).toMatchObject({ ok: false, problems: [{ path: 'spec.service' }] });
});
