// Plans made by hand for the tests of render and cli: one of each kind of thing that can be shown.
import type { Artifact } from '../../src/core/artifact.ts';
import type { ChangeSet } from '../../src/core/changeset.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Action, Plan } from '../../src/core/plan.ts';

export const digestOf = (digit: string): Digest => `sha256:${digit.repeat(64)}`;

export const ollama = { host: 'local', backend: 'http://127.0.0.1:11434' } as const;
const embedded = { host: 'local', backend: 'embedded:/home/user/.cache/modelctl' } as const;

export const artifact: Artifact = {
  source: 'ollama://registry.ollama.ai/library/qwen3:8b',
  revision: digestOf('a'),
  manifest: '{"raw":true}',
  files: [{ path: 'model', bytes: 5_225_388_164, digest: digestOf('b') }],
  weights: digestOf('b'),
  facts: { format: 'gguf' },
};

export const pull: Action = {
  kind: 'pull',
  id: 'pull|local|http://127.0.0.1:11434|qwen3:8b',
  ...ollama,
  name: 'qwen3:8b',
  model: 'coder',
  reason: 'missing',
  because: 'It is not there.',
  bytes: { download: 5_225_388_164, disk: 5_225_388_164, memory: null },
  after: [],
  artifact,
  digest: digestOf('a'),
  replaces: null,
};

export const create: Action = {
  kind: 'create',
  id: 'create|local|http://127.0.0.1:11434|coder:latest',
  ...ollama,
  name: 'coder:latest',
  model: 'coder',
  reason: 'config-drift',
  because: 'What it adds to its base changed.',
  bytes: { download: 0, disk: 0, memory: null },
  after: [pull.id],
  build: { kind: 'derive', base: 'qwen3:8b', recipe: { system: 'Be brief.' } },
  artifact,
  digest: null,
  replaces: digestOf('c'),
};

export const load: Action = {
  kind: 'load',
  id: 'load|local|embedded:/home/user/.cache/modelctl|starter',
  ...embedded,
  name: 'starter',
  model: 'starter',
  reason: 'residency-drift',
  because: 'It is not loaded.',
  bytes: { download: 0, disk: 0, memory: 224_672 },
  after: [],
  load: { contextLength: 1024, keepAliveMs: 'forever' },
};

export const evict: Action = {
  kind: 'evict',
  id: 'evict|local|http://127.0.0.1:11434|old:latest',
  ...ollama,
  name: 'old:latest',
  model: 'old',
  reason: 'pruned',
  because: 'It left the set.',
  bytes: { download: 0, disk: -2_000_000_000, memory: null },
  after: [],
  replaces: digestOf('d'),
};

export const emptyPlan: Plan = {
  set: 'f00d',
  revision: digestOf('1'),
  fingerprint: digestOf('2'),
  actions: [],
  unchanged: [],
  held: [],
  leftovers: [],
  released: [],
  drift: [],
  warnings: [],
};

export const unchangedPlan: Plan = {
  ...emptyPlan,
  unchanged: [
    {
      ...ollama,
      name: 'nomic:latest',
      model: 'nomic',
      role: 'model',
      digest: digestOf('e'),
      residency: 'stored',
      adopted: true,
    },
  ],
};

export const fullPlan: Plan = {
  ...unchangedPlan,
  actions: [pull, create, load, evict],
  held: [
    {
      ...ollama,
      name: 'gpt-4o-mini:latest',
      model: 'coder',
      because: 'conflict',
      detail: 'The name holds other content (cccccccccccc) that modelctl did not put there.',
      remedy: 'To replace what is there:\n\n    modelctl apply --take-over gpt-4o-mini:latest',
      origin: { file: '/home/user/models.yaml', line: 3, column: 5 },
    },
  ],
  leftovers: [
    {
      ...ollama,
      name: 'unused:latest',
      model: 'unused',
      digest: digestOf('f'),
      bytes: 1_500_000_000,
      remedy: 'modelctl apply --prune',
    },
  ],
  released: [{ ...ollama, name: 'shared:latest' }],
  drift: [
    {
      ...ollama,
      name: 'coder:latest',
      model: 'coder',
      reason: 'config-drift',
      because: 'It was cccccccccccc and is dddddddddddd.',
    },
  ],
  warnings: [
    {
      severity: 'warning',
      code: 'resolve/target-matches-none',
      summary: 'A target matches no host',
      detail: 'HardwareTarget/gpu selects nothing.',
      retry: 'never',
    },
  ],
};

export const changes: ChangeSet = {
  plan: fullPlan,
  interrupted: false,
  entries: [
    {
      action: pull,
      outcome: 'pulled',
      digest: digestOf('a'),
      downloadedBytes: 5_225_388_164,
      durationMs: 62_000,
    },
    {
      action: create,
      outcome: 'failed',
      digest: null,
      downloadedBytes: 0,
      durationMs: 340,
      problem: {
        severity: 'error',
        code: 'ollama/create-failed',
        summary: 'Ollama could not make a model',
        detail: 'It said: Authorization: Bearer abcdefghijkl was refused\u001b[31m.',
        remedy: 'Look at its log.',
        retry: 'later',
      },
    },
    { action: load, outcome: 'loaded', digest: null, downloadedBytes: 0, durationMs: 25 },
    { action: evict, outcome: 'skipped', digest: null, downloadedBytes: 0, durationMs: 0 },
  ],
};
