// How what is done to an engine itself is shown.
import { expect, test } from 'vitest';
import { fieldChanges } from '../../src/core/field-change.ts';
import type { ConfigureAction, RestartAction } from '../../src/core/plan.ts';
import { engineName } from '../../src/core/service.ts';
import { renderEntry, renderSummary } from '../../src/render/changeset.ts';
import { renderDiff } from '../../src/render/diff.ts';
import { changeSetDocument, diffDocument, planDocument } from '../../src/render/document.ts';
import { renderActions } from '../../src/render/plan.ts';
import { emptyPlan, ollama, pull } from './plan-values.ts';
import { misfits } from './schema-check.ts';

const base = {
  ...ollama,
  name: engineName,
  model: 'gpu',
  bytes: { download: 0, disk: 0, memory: null },
} as const;
const configure: ConfigureAction = {
  ...base,
  kind: 'configure',
  id: 'configure',
  reason: 'config-drift',
  because: 'OLLAMA_NUM_PARALLEL becomes 4, was 1.',
  after: [],
  changes: [
    { field: 'OLLAMA_NUM_PARALLEL', before: '1', after: '4' },
    { field: 'TOKEN', before: null, after: 'from the variable TOKEN' },
  ],
};
const restart: RestartAction = {
  ...base,
  kind: 'restart',
  id: 'restart',
  reason: 'config-drift',
  because: 'It runs with OLLAMA_NUM_PARALLEL 1, wanted 4.',
  after: ['configure'],
  reveals: false,
};
const plan = { ...emptyPlan, actions: [configure, restart, pull] };

test('a plan calls it the engine, with the name of its Backend', () => {
  const [head, , ...lines] = renderActions(plan).split('\n');
  expect(head).toBe('Plan: 1 to configure, 1 to restart, 1 to pull.');
  expect(lines.slice(1, 3).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    ' ~ configure the engine (gpu) config-drift: OLLAMA_NUM_PARALLEL becomes 4, was 1.',
    ' ~ restart the engine (gpu) config-drift: It runs with OLLAMA_NUM_PARALLEL 1, wanted 4.',
  ]);
});

test('a diff shows each setting', () => {
  const all = [configure, restart].map((action) => ({
    action,
    changes: fieldChanges(action, null, null),
  }));
  expect(renderDiff(all).split('\n').slice(1, 4)).toEqual([
    '  - OLLAMA_NUM_PARALLEL: 1',
    '  + OLLAMA_NUM_PARALLEL: 4',
    '  + TOKEN: from the variable TOKEN',
  ]);
  expect(misfits('diff', diffDocument(all))).toEqual([]);
});

test('results and documents have their words', () => {
  const result = { digest: null, downloadedBytes: 0, durationMs: 1000 };
  const entries = [
    { action: configure, outcome: 'configured', ...result },
    { action: restart, outcome: 'restarted', ...result },
  ] as const;
  const changes = { plan, entries, interrupted: false };
  expect(renderEntry(entries[1])).toBe('restarted  the engine (gpu)  1.0s');
  expect(renderSummary(changes)).toBe('Done: 1 configured, 1 restarted.');
  expect(misfits('plan', planDocument(plan))).toEqual([]);
  expect(misfits('change-set', changeSetDocument(changes))).toEqual([]);
});
