import { describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../../src/backends/backend.ts';
import { check, identify } from '../../../src/backends/ollama/check.ts';
import { createRegistry } from '../../fakes/ollama/registry.ts';

const ask = (more: Partial<ModelRequest>): ModelRequest => ({
  model: 'coder',
  source: 'ollama://registry.ollama.ai/library/qwen3:8b',
  aliases: [],
  residency: 'stored',
  runtime: {},
  ...more,
});

const shapes = (more: Partial<ModelRequest>) => {
  const checked = check(ask(more));
  expect(checked.problems).toEqual([]);
  return checked.ok ? checked.value : [];
};

const problem = (more: Partial<ModelRequest>) => {
  const checked = check(ask(more));
  expect(checked.ok).toBe(false);
  return checked.problems.map(({ code, path }) => `${code} ${path}`);
};

describe('the names that a Model takes', () => {
  test("are upstream's own when nothing is added", () => {
    expect(shapes({})).toEqual([
      { name: 'qwen3:8b', role: 'model', build: { kind: 'source' }, residency: 'stored', load: {} },
    ]);
    expect(shapes({ servedName: 'registry.ollama.ai/library/Qwen3:8B' })).toHaveLength(1);
  });

  test('are a copy when only the name differs: nothing is rewritten, no byte is stored twice', () => {
    expect(
      shapes({ servedName: 'chat' }).map(({ name, role, build }) => [name, role, build]),
    ).toEqual([
      ['qwen3:8b', 'base', { kind: 'source' }],
      ['chat:latest', 'model', { kind: 'alias', of: 'qwen3:8b' }],
    ]);
  });

  test('are a derived one over the untouched base for whatever is baked in', () => {
    const runtime = { contextLength: 16_384, gpuLayers: 'all', threads: 4 } as const;
    const derive = { system: 'Be brief.', parameters: { stop: 'a', temperature: 0.2 } };
    expect(shapes({ runtime, derive, residency: 'loaded', aliases: ['gpt-4o-mini'] })).toEqual([
      { name: 'qwen3:8b', role: 'base', build: { kind: 'source' }, residency: 'stored', load: {} },
      {
        name: 'coder:latest',
        role: 'model',
        build: {
          kind: 'derive',
          base: 'qwen3:8b',
          recipe: {
            system: 'Be brief.',
            parameters: {
              stop: ['a'],
              temperature: 0.2,
              num_ctx: 16_384,
              num_gpu: 999,
              num_thread: 4,
            },
          },
        },
        residency: 'loaded',
        load: { keepAliveMs: 'forever' },
      },
      {
        name: 'gpt-4o-mini:latest',
        role: 'alias',
        build: { kind: 'alias', of: 'coder:latest' },
        residency: 'stored',
        load: {},
      },
    ]);
  });

  test('of a file are its own, and those of a derived file stand on an imported base', () => {
    const source = 'file://./tiny.gguf';
    expect(shapes({ source }).map(({ name, role }) => [name, role])).toEqual([
      ['coder:latest', 'model'],
    ]);
    expect(
      shapes({ source, derive: { system: 'x' } }).map(({ name, role }) => [name, role]),
    ).toEqual([
      ['modelctl-base/coder:latest', 'base'],
      ['coder:latest', 'model'],
    ]);
    expect(shapes({ source: 'https://host/m.gguf#sha256=aa', servedName: 'acme/m' })).toMatchObject(
      [{ name: 'acme/m:latest', build: { kind: 'source' } }],
    );
  });

  test('bring no base that nobody has to have yet', () => {
    const optional = shapes({ residency: 'optional', derive: { system: 'x' }, aliases: ['b'] });
    expect(optional.map(({ residency }) => residency)).toEqual([
      'optional',
      'optional',
      'optional',
    ]);
  });

  test('send keepAlive with a load, and nothing else', () => {
    const [, model] = shapes({ runtime: { contextLength: 4096, keepAliveMs: 600_000 } });
    expect(model?.load).toEqual({ keepAliveMs: 600_000 });
    expect(shapes({ residency: 'pinned' })[0]?.load).toEqual({ keepAliveMs: 'forever' });
  });
});

describe('a Model is refused', () => {
  test('for each option that the engine has only server-wide', () => {
    const runtime = { parallel: 2, kvCacheType: 'q8_0', flashAttention: true };
    expect(problem({ runtime })).toEqual([
      'backend/unsupported spec.runtime.parallel',
      'backend/unsupported spec.runtime.kvCacheType',
      'backend/unsupported spec.runtime.flashAttention',
    ]);
    expect(check(ask({ runtime })).problems[0]?.remedy).toContain('OLLAMA_NUM_PARALLEL');
  });

  test("when upstream's tag would be rewritten", () => {
    expect(problem({ servedName: 'qwen3:8b', derive: { system: 'x' } })).toEqual([
      'backend/unsupported spec.servedName',
    ]);
    expect(problem({ aliases: ['qwen3:8B'], derive: { system: 'x' } })).toEqual([
      'backend/unsupported spec.aliases[0]',
    ]);
    expect(problem({ model: 'qwen3', source: 'ollama://qwen3', runtime: { threads: 2 } })).toEqual([
      'backend/unsupported metadata.name',
    ]);
  });

  test('when one name is wanted twice', () => {
    expect(problem({ aliases: ['a', 'A:latest'] })).toEqual([
      'backend/unsupported spec.aliases[1]',
    ]);
    expect(problem({ aliases: ['qwen3:8b'] })).toEqual(['backend/unsupported spec.aliases[0]']);
  });

  test('when a name is one that the engine takes for another', () => {
    for (const name of [
      'a:local',
      'a:cloud',
      'a:1b-cloud',
      'modelctl-base/a',
      'modelctl-quarantine/a',
      'a b',
    ]) {
      expect(problem({ servedName: name })).toEqual(['backend/unsupported spec.servedName']);
      expect(problem({ aliases: [name] })).toEqual(['backend/unsupported spec.aliases[0]']);
    }
    expect(problem({ source: 'ollama://modelctl-base/a' })).toContain(
      'backend/unsupported spec.source',
    );
    expect(problem({ source: 's3://bucket/repo' })).toEqual(['backend/unsupported spec.source']);
  });

  test('when a parameter has the wrong type, is said twice, or unsays nothing', () => {
    const parameters = { num_ctx: 'many', temperature: 0.5 };
    expect(problem({ derive: { parameters } })).toEqual([
      'backend/unsupported spec.derive.parameters.num_ctx',
    ]);
    expect(
      problem({ derive: { parameters: { num_ctx: 1 } }, runtime: { contextLength: 2 } }),
    ).toEqual(['backend/unsupported spec.derive.parameters.num_ctx']);
    expect(problem({ derive: { system: '' } })).toEqual(['backend/unsupported spec.derive.system']);
  });
});

test('a parameter that nobody knows is a warning with what may have been meant', () => {
  const checked = check(ask({ derive: { parameters: { temprature: 0.2 } } }));
  expect(checked.ok).toBe(true);
  expect(checked.problems).toMatchObject([
    { severity: 'warning', code: 'backend/unknown-parameter' },
  ]);
  expect(checked.problems[0]?.detail).toContain('Did you mean temperature?');
});

test('only what the engine stores as it comes has a digest that is known beforehand', () => {
  const { artifact, revision } = createRegistry().publish('library/qwen3:8b', { weights: 'x' });
  const pulled = shapes({ servedName: 'chat', aliases: ['b'] });
  expect(pulled.map((shape) => identify(shape, artifact(), pulled))).toEqual([
    revision,
    revision,
    revision,
  ]);
  const derived = shapes({ derive: { system: 'x' }, aliases: ['b'] });
  expect(derived.map((shape) => identify(shape, artifact(), derived))).toEqual([
    revision,
    null,
    null,
  ]);
  const imported = shapes({ source: 'file://./a.gguf' });
  const file = { ...artifact(), source: 'file://./a.gguf' };
  expect(imported.map((shape) => identify(shape, file, imported))).toEqual([null]);
});
