// What a survey may find, made by hand.
import { errorProblem } from '../../src/core/problem.ts';
import type { SurveyedBackend, SurveyedModel } from '../../src/core/surveyed.ts';
import { digestOf, ollama } from './plan-values.ts';

export const modelLoaded: SurveyedModel = {
  ...ollama,
  name: 'qwen3:8b',
  presence: 'there',
  digest: digestOf('a'),
  weights: digestOf('b'),
  bytes: 5_225_388_164,
  loaded: {
    expiresAt: Date.UTC(2030, 0, 1, 0, 5),
    load: { contextLength: 4096 },
    memoryBytes: 6_000_000_000,
    vramBytes: 5_000_000_000,
    inUse: 'unknown',
  },
  owners: [{ set: 'f00dcafe', model: 'coder', role: 'model', residency: 'loaded', adopted: true }],
  model: 'coder',
  residency: 'loaded',
  status: 'InSync',
  detail: null,
  labels: { team: 'search' },
};

export const modelHeld: SurveyedModel = {
  ...modelLoaded,
  name: 'gone:latest',
  presence: 'unknown',
  digest: null,
  weights: null,
  bytes: null,
  loaded: null,
  owners: [],
  model: null,
  residency: null,
  status: 'Held',
  detail: 'unreachable: It does not answer.',
  labels: {},
};

export const backendUp: SurveyedBackend = {
  reference: {
    host: 'local',
    id: ollama.backend,
    type: 'ollama',
    name: null,
    endpoint: ollama.backend,
    store: null,
    auth: { env: 'OLLAMA_TOKEN' },
  },
  label: `Ollama at ${ollama.backend}`,
  isKnown: true,
  version: '0.32.15',
  problem: null,
  disk: { kind: 'known', freeBytes: 1, totalBytes: 2 },
};

export const backendDown: SurveyedBackend = {
  ...backendUp,
  version: null,
  problem: errorProblem({ code: 'ollama/unreachable', summary: 'Down', detail: 'It is down.' }),
  disk: { kind: 'unknown' },
};
