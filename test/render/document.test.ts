import { describe, expect, test } from 'vitest';
import { fieldChanges } from '../../src/core/field-change.ts';
import { errorProblem } from '../../src/core/problem.ts';
import type { ProgressEvent } from '../../src/core/progress.ts';
import {
  changeSetDocument,
  diffDocument,
  listDocument,
  planDocument,
  validationDocument,
} from '../../src/render/document.ts';
import { eventObject, resultEvent, versionEvent } from '../../src/render/event.ts';
import { backendItem, hostItem, modelItem, setItem } from '../../src/render/survey-document.ts';
import { renderYaml } from '../../src/render/yaml.ts';
import { changes, emptyPlan, fullPlan, pull } from './plan-values.ts';
import { misfits, outputSchemas } from './schema-check.ts';
import { backendDown, backendUp, modelHeld, modelLoaded } from './survey-values.ts';

const problem = errorProblem({
  code: 'manifest/unknown-field',
  summary: 'Unknown field',
  detail: 'No such field.',
  remedy: 'modelctl explain',
  origin: { file: 'models.yaml', line: 1, column: 1 },
  path: 'spec',
  subject: 'Model/a',
});

describe('a document is as its schema says:', () => {
  test('plans, full and empty', () => {
    expect(misfits('plan', planDocument(fullPlan))).toEqual([]);
    expect(misfits('plan', planDocument(emptyPlan))).toEqual([]);
  });

  test('change sets', () => {
    expect(misfits('change-set', changeSetDocument(changes))).toEqual([]);
  });

  test('diffs', () => {
    const all = fullPlan.actions.map((action) => ({
      action,
      changes: fieldChanges(action, null, null),
    }));
    expect(misfits('diff', diffDocument(all))).toEqual([]);
  });

  test('validation reports', () => {
    const report = { files: ['a'], resources: [{ kind: 'Model', name: 'a' }], problems: [problem] };
    const document = validationDocument(report);
    expect(misfits('validation-report', document)).toEqual([]);
    expect(document['valid']).toBe(false);
  });

  test('lists of models, backends, hosts and sets', () => {
    const models = [modelLoaded, modelHeld].map(modelItem);
    expect(misfits('model-list', listDocument('ModelList', models))).toEqual([]);
    const backends = [backendUp, backendDown].map((one) => backendItem({ ...one, models: 2 }));
    expect(misfits('backend-list', listDocument('BackendList', backends))).toEqual([]);
    const host = { name: 'local', isThisMachine: true, hostnames: ['a'], labels: { gpu: 'yes' } };
    expect(misfits('host-list', listDocument('HostList', [hostItem(host)]))).toEqual([]);
    const set = { id: 'f00d', location: null, models: ['a'] };
    expect(misfits('set-list', listDocument('SetList', [setItem(set)]))).toEqual([]);
  });

  test('events, each kind of them', () => {
    const events: readonly ProgressEvent[] = [
      { kind: 'note', text: 'a' },
      { kind: 'problem', problem },
      { kind: 'planned', plan: fullPlan },
      { kind: 'started', action: pull, attempt: 1 },
      { kind: 'bytes', action: pull.id, completedBytes: 1, totalBytes: 2 },
      {
        kind: 'bytes',
        action: pull.id,
        completedBytes: 1,
        totalBytes: 2,
        file: { path: 'a.gguf', completedBytes: 1, totalBytes: 1 },
      },
      { kind: 'waiting', action: pull.id, wait: { because: 'asked', until: 9, detail: 'a' } },
      { kind: 'waiting', action: pull.id, wait: { because: 'paused', until: null, detail: 'b' } },
      { kind: 'retrying', action: pull.id, problem, delayMs: 1 },
      ...changes.entries.map((entry) => ({ kind: 'finished', entry }) as const),
    ];
    const objects = [
      versionEvent('1.2.3'),
      ...events.map(eventObject),
      resultEvent(6, planDocument(fullPlan)),
      resultEvent(1, null),
    ];
    expect(objects.flatMap((object) => misfits('event', object))).toEqual([]);
  });
});

describe('documents', () => {
  test('hold no secret that an engine echoed, and no raw registry manifest', () => {
    const text = JSON.stringify([changeSetDocument(changes), planDocument(fullPlan)]);
    expect(text).not.toContain('abcdefghijkl');
    expect(text).not.toContain('"raw"');
  });

  test('as YAML are the same data', () => {
    expect(renderYaml({ kind: 'Plan', set: null, text: 'a: b\n# c', list: [] })).toBe(
      'kind: Plan\nset: null\ntext: |-\n  a: b\n  # c\nlist: []\n',
    );
  });

  test('each have a schema that can be compiled', () => {
    for (const name of outputSchemas.filter((one) => !one.startsWith('common'))) {
      expect(misfits(name.replace('.schema.json', ''), {}).length).toBeGreaterThan(0);
    }
  });
});
