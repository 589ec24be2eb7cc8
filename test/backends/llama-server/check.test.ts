import { describe, expect, test } from 'vitest';
import type { ModelRequest } from '../../../src/backends/backend.ts';
import { check } from '../../../src/backends/llama-server/check.ts';
import {
  canonicalName,
  nameOfSection,
  sectionOf,
} from '../../../src/backends/llama-server/names.ts';
import { loadKeys } from '../../../src/backends/llama-server/options.ts';
import { imageOfPath, placeProblem } from '../../../src/backends/llama-server/place.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import { sha256Text } from '../../../src/core/hash.ts';
import { weightsDigest } from '../../../src/core/weights.ts';

const ask = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'chat',
  source: 'file:///chat.gguf',
  aliases: [],
  residency: 'stored',
  runtime: {},
  ...more,
});

const refusal = (more: Partial<ModelRequest>) => {
  const checked = check(ask(more));
  expect(checked.ok).toBe(false);
  return checked.problems.map(({ path, detail }) => `${path}: ${detail}`).join('\n');
};

describe('a llama-server', () => {
  test('takes every option of runtime, and flags of its own', () => {
    const flags = { 'batch-size': 512, 'cpu-moe': true, 'override-tensor': 'exps=CPU' };
    const runtime = {
      contextLength: 4096,
      parallel: 2,
      threads: 4,
      gpuLayers: 'all',
      flags,
    } as const;
    expect(check(ask({ runtime }))).toMatchObject({ ok: true, problems: [] });
    expect(loadKeys({ ...runtime, kvCacheType: 'q8_0', keepAliveMs: 1 })).toEqual([
      ['ctx-size', '8192'],
      ['parallel', '2'],
      ['n-gpu-layers', 'all'],
      ['threads', '4'],
      ['cache-type-k', 'q8_0'],
      ['cache-type-v', 'q8_0'],
      ['sleep-idle-seconds', '1'],
      ['batch-size', '512'],
      ['cpu-moe', 'true'],
      ['override-tensor', 'exps=CPU'],
    ]);
    expect(loadKeys({ keepAliveMs: 'forever' })).toEqual([]);
  });

  test.each<[ModelRequest['runtime']['flags'], string]>([
    [{ 'ctx-size': 1 }, 'ctx-size is what spec.runtime.contextLength says'],
    [{ port: 1 }, 'belongs to the whole server'],
    [{ 'batch-sise': 1 }, 'Did you mean batch-size?'],
    [{ 'cpu-moe': 'yes' }, 'takes no value'],
    [{ 'batch-size': true }, 'takes a value'],
    [{ 'chat-template-kwargs': 'a;b' }, 'cannot hold this value'],
    [{ device: 'a # b' }, 'cannot hold this value'],
    [{ device: '' }, 'cannot hold this value'],
  ])('refuses the flags %j', (flags, why) => {
    const said = refusal({ runtime: flags === undefined ? {} : { flags } });
    expect(said).toContain(`spec.runtime.engine.llama-server.${Object.keys(flags ?? {})[0]}: `);
    expect(said).toContain(why);
  });

  test('refuses what is said twice', () => {
    const derive = { parameters: { temperature: 1 } };
    const said = refusal({ derive, runtime: { flags: { temperature: 0.5 } } });
    expect(said).toContain('also set by spec.derive.parameters');
  });

  test.each<[Partial<ModelRequest>, string]>([
    [{ derive: { system: 'Be brief.' } }, 'spec.derive.system: '],
    [
      { derive: { parameters: { stop: ['x'] } } },
      'spec.derive.parameters.stop: llama-server has no',
    ],
    [{ derive: { template: '{{ .Prompt }}' } }, 'spec.derive.template: '],
    [{ servedName: 'default' }, 'spec.servedName: '],
    [{ servedName: 'modelctl-base/x' }, 'spec.servedName: '],
    [{ aliases: ['a b'] }, 'spec.aliases.0: '],
    [{ runtime: { kvCacheType: 'q4_0', flashAttention: false } }, 'spec.runtime.kvCacheType: '],
    [{ source: 'hf:org/repo/model.safetensors@main' }, 'spec.source: '],
  ])('does not take %j', (more, why) => {
    expect(refusal(more)).toContain(why);
  });

  test.each<[readonly string[], boolean]>([
    [['a-00001-of-00002.gguf', 'a-00002-of-00002.gguf'], true],
    [['q4/a-00001-of-00002.gguf', 'q4/a-00002-of-00002.gguf', 'mmproj-a.gguf'], true],
    [['a.gguf', 'b.gguf'], false],
  ])(
    'takes weights in several files where their names say which is first: %j',
    (paths, isTaken) => {
      expect(check(ask({ artifact: artifactOf(paths) })).ok).toBe(isTaken);
    },
  );
});

test('a name has one section, and a section one name', () => {
  const names = ['plain', 'qwen3:8b', 'qwen3:8B', 'x:ud-q4', 'x:Q4', 'a/b:c:d', 'a:v1.5', 'a:5'];
  expect(new Set(names.map(sectionOf)).size).toBe(names.length);
  for (const name of names) expect(nameOfSection(sectionOf(name))).toBe(name);
  expect(sectionOf('x:Q4_K_M')).toBe('x:Q4_K_M');
  expect(canonicalName('default')).toBeNull();
});

test('a folder that presets cannot name is refused', () => {
  expect(placeProblem('/srv/models')).toBeNull();
  for (const path of ['/srv/a;b', '/srv/#1', '/srv/a,b', '/srv/a ']) {
    expect(placeProblem(path)).toMatchObject({ code: 'backend/unusable-path' });
  }
  const hex = 'a'.repeat(64);
  expect(imageOfPath('/srv/m', `/srv/m/files/${hex}/model.gguf`)).toBe(`sha256:${hex}`);
  expect(imageOfPath('/srv/m', '/srv/m/files/x/model.gguf')).toBeNull();
  expect(imageOfPath('/srv/m', `/srv/other/files/${hex}/model.gguf`)).toBeNull();
});

function artifactOf(paths: readonly string[]): Artifact {
  const files = paths.map((path) => ({ path, bytes: 1, digest: sha256Text(path) }));
  const weights = weightsDigest(files.filter(({ path }) => !path.startsWith('mmproj')));
  return { source: 'hf:x', revision: sha256Text('x'), files, weights, facts: { format: 'gguf' } };
}
