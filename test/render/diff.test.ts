import { describe, expect, test } from 'vitest';
import { fieldChanges } from '../../src/core/field-change.ts';
import { renderDiff } from '../../src/render/diff.ts';
import { create, digestOf, evict, load, pull } from './plan-values.ts';

const there = {
  name: 'coder:latest',
  digest: digestOf('c'),
  bytes: 1,
  details: {
    weights: digestOf('b'),
    recipe: { system: 'Be brief.\nBe kind.', parameters: { temperature: 0.2 } },
  },
  loaded: {
    expiresAt: 5,
    load: { contextLength: 2048, threads: 4 },
    memoryBytes: 1,
    vramBytes: 0,
    inUse: false,
  },
} as const;

describe('a difference', () => {
  test('is told field by field, long texts line by line', () => {
    const recipe = { system: 'Be brief.\nBe exact.', parameters: { temperature: 0.4 } };
    const derived = { ...create, build: { kind: 'derive', base: 'qwen3:8b', recipe } } as const;
    const all = [
      { action: pull, changes: fieldChanges(pull, null, null) },
      { action: derived, changes: fieldChanges(derived, null, there) },
      { action: load, changes: fieldChanges(load, null, there) },
      { action: evict, changes: fieldChanges(evict, null, { ...there, loaded: null }) },
    ];
    expect(renderDiff(all)).toMatchInlineSnapshot(`
      "pull qwen3:8b (coder) on http://127.0.0.1:11434  missing: It is not there.
        + content: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

      create coder:latest on http://127.0.0.1:11434  config-drift: What it adds to its base changed.
        + base: qwen3:8b
        - content: sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
        + content: made anew
        - recipe.parameters.temperature: 0.2
        + recipe.parameters.temperature: 0.4
        - recipe.system: |
        -   Be brief.
        -   Be kind.
        + recipe.system: |
        +   Be brief.
        +   Be exact.

      evict old:latest on http://127.0.0.1:11434  pruned: It left the set.
        - content: sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
        - loaded: false
        - recipe.parameters.temperature: 0.2
        - recipe.system: |
        -   Be brief.
        -   Be kind.

      load starter on the embedded engine  residency-drift: It is not loaded.
        - load.contextLength: 2048
        + load.contextLength: 1024"
    `);
  });

  test('is empty when nothing differs', () => {
    expect(renderDiff([])).toBe('');
  });

  test('is none of a field that the engine does not report', () => {
    const loaded = { ...there.loaded, load: {} };
    const changed = fieldChanges(load, null, { ...there, loaded });
    expect(changed.map(({ field, before }) => [field, before])).toEqual([
      ['load.contextLength', null],
    ]);
  });
});
