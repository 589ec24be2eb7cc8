import { describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../../src/backends/backend.ts';
import { check } from '../../../src/backends/embedded/check.ts';
import { identify } from '../../../src/backends/images/identify.ts';
import { canonicalName } from '../../../src/backends/images/shapes.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { sha256Text } from '../../../src/core/hash.ts';

const asked = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'starter',
  source: 'file://./starter.gguf',
  aliases: [],
  residency: 'stored',
  runtime: {},
  ...more,
});

const shapesOf = (more: Partial<ModelRequest> = {}) => {
  const checked = check(asked(more));
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
};

const artifact: Artifact = {
  source: 'file://./starter.gguf',
  revision: sha256Text('a'),
  weights: sha256Text('a'),
  files: [{ path: 'starter.gguf', bytes: 1, digest: sha256Text('a') }],
  facts: {},
};

describe('serving a Model', () => {
  test('takes one name, its own, whatever its load options are', () => {
    const runtime = {
      contextLength: 2048,
      gpuLayers: 'all',
      threads: 4,
      parallel: 2,
      kvCacheType: 'q8_0',
      flashAttention: true,
      keepAliveMs: 1000,
    } as const;
    expect(shapesOf({ runtime })).toEqual([
      {
        name: 'starter',
        role: 'model',
        build: { kind: 'source' },
        residency: 'stored',
        load: runtime,
      },
    ]);
    expect(shapesOf({ servedName: 'Team/Chat:v1' }).map(({ name }) => name)).toEqual([
      'Team/Chat:v1',
    ]);
  });

  test('takes a base beside it when something is derived, and aliases last', () => {
    const load = { threads: 1, keepAliveMs: 'forever' } as const;
    const derive = { system: 'Be brief.', parameters: {}, adapters: [] };
    const shapes = shapesOf({ aliases: ['gpt'], residency: 'pinned', runtime: load, derive });
    expect(shapes).toEqual([
      {
        name: 'modelctl-base/starter',
        role: 'base',
        build: { kind: 'source' },
        residency: 'stored',
        load: {},
      },
      {
        name: 'starter',
        role: 'model',
        build: { kind: 'derive', base: 'modelctl-base/starter', recipe: { system: 'Be brief.' } },
        residency: 'pinned',
        load,
      },
      {
        name: 'gpt',
        role: 'alias',
        build: { kind: 'alias', of: 'starter' },
        residency: 'stored',
        load: { threads: 1 },
      },
    ]);
  });

  test('does not have what nobody has to pull pulled for its aliases and bases', () => {
    const shapes = shapesOf({ residency: 'optional', aliases: ['gpt'], derive: { system: 'x' } });
    expect(shapes.map(({ residency }) => residency)).toEqual(['optional', 'optional', 'optional']);
  });

  test('knows each digest beforehand, an alias having that of its model', () => {
    const shapes = shapesOf({ aliases: ['gpt'], derive: { system: 'x' } });
    const [base, model, alias] = shapes.map((shape) => identify(shape, artifact, shapes));
    expect(base).toMatch(/^sha256:/);
    expect(model).not.toBe(base);
    expect(alias).toBe(model);
    const [plain] = shapesOf();
    expect(plain && identify(plain, artifact, [plain])).toBe(base);
  });
});

/** As a registry of Ollama's kind has it. */
const withLayer = (kind: string): Artifact => ({
  ...artifact,
  files: [
    ...artifact.files,
    {
      path: kind,
      bytes: 10,
      digest: `sha256:${'e'.repeat(64)}`,
      mediaType: `application/vnd.ollama.image.${kind}`,
    },
  ],
});

describe('a model of a registry of Ollama', () => {
  const source = 'ollama://registry.ollama.ai/library/qwen3:8b';

  test('is taken by its weights', () => {
    expect(check(asked({ source, artifact: withLayer('license') }))).toMatchObject({
      ok: true,
      problems: [],
    });
  });

  test.each(['template', 'system', 'params', 'messages'])(
    'is taken without its %s, and says so',
    (kind) => {
      expect(check(asked({ source, artifact: withLayer(kind) }))).toMatchObject({
        ok: true,
        problems: [{ severity: 'warning', code: 'backend/unused-layers', path: 'spec.source' }],
      });
    },
  );
});

describe('what the embedded engine cannot do', () => {
  const jinja = "{% for m in messages %}{{ m['content'] }}{% endfor %}";
  test.each<[string, Partial<ModelRequest>]>([
    ['spec.source', { artifact: withLayer('adapter') }],
    ['spec.source', { source: 'hf://org/repo/model.safetensors@main' }],
    ['spec.servedName', { servedName: ':latest' }],
    ['spec.aliases.1', { aliases: ['fine', 'not fine'] }],
    ['spec.runtime.kvCacheType', { runtime: { kvCacheType: 'q4_0', flashAttention: false } }],
    ['spec.derive.parameters.mirostat', { derive: { parameters: { mirostat: 1 } } }],
    ['spec.derive.parameters.top_k', { derive: { parameters: { top_k: 'many' } } }],
    ['spec.derive.parameters.stop', { derive: { parameters: { stop: 3 } } }],
    ['spec.derive.template', { derive: { template: '{{ .System }} {{ .Prompt }}' } }],
    [
      'spec.derive.template',
      { derive: { template: '{{- range .Messages }}{{ .Content }}{{ end }}' } },
    ],
  ])('is told with the field %s and a way out', (path, more) => {
    const checked = check(asked(more));
    expect(checked.ok).toBe(false);
    expect(checked.problems).toMatchObject([
      { code: 'backend/unsupported', path, retry: 'never', remedy: expect.any(String) as unknown },
    ]);
  });

  test('is told all at once', () => {
    const { problems } = check(
      asked({ artifact: withLayer('adapter'), derive: { parameters: { a: 1, b: 2 } } }),
    );
    expect(problems).toHaveLength(3);
  });

  test('suggests the parameter that was meant', () => {
    const { problems } = check(asked({ derive: { parameters: { temprature: 1 } } }));
    expect(problems[0]?.detail).toContain('Did you mean temperature?');
  });

  test('does not include templates in Jinja', () => {
    expect(check(asked({ derive: { template: jinja } })).ok).toBe(true);
  });
});

test.each([
  ['starter', 'starter'],
  ['Starter', 'Starter'],
  ['team/chat:v1.0', 'team/chat:v1.0'],
  ['', null],
  ['a b', null],
  ['a|b', null],
  ['-a', null],
  ['a'.repeat(256), null],
])('the name %j is %j in its one spelling', (name, canonical) => {
  expect(canonicalName(name)).toBe(canonical);
});
