// The public API: that it is there, and that its types say what it does.
import { describe, expect, expectTypeOf, test } from 'vitest';
import type {
  ChangeSet,
  Checked,
  Manifests,
  Options,
  Plan,
  PlanRequest,
  Problem,
  Reconciliation,
  Survey,
} from '../src/index.ts';
import * as modelctl from '../src/index.ts';

describe('the public API', () => {
  test('is these functions and no others', () => {
    expect(Object.keys(modelctl).toSorted()).toEqual([
      'apply',
      'askWatches',
      'bundle',
      'lock',
      'outdated',
      'plan',
      'reconcile',
      'repair',
      'restore',
      'resume',
      'scanHuggingFaceCache',
      'survey',
      'suspend',
      'update',
      'validate',
      'verify',
      'watch',
    ]);
  });

  test('takes what the commands take, and fills in the world', () => {
    expectTypeOf(modelctl.plan).toBeCallableWith({ inputs: ['models.yaml'] });
    expectTypeOf(modelctl.apply).toBeCallableWith(
      { inputs: ['models'], prune: true, takeOver: ['a'], allowEvictions: 3 },
      { signal: new AbortController().signal, report: (event) => event.kind },
    );
    expectTypeOf(modelctl.survey).toBeCallableWith();
    expectTypeOf(modelctl.lock).toBeCallableWith({ inputs: ['models'], check: true });
    expectTypeOf(modelctl.outdated).toBeCallableWith({ inputs: ['models'], models: ['chat'] });
    expectTypeOf(modelctl.verify).toBeCallableWith({ inputs: ['models'], quick: true });
    expectTypeOf(modelctl.repair).toBeCallableWith({ inputs: ['models'], dryRun: true });
    expectTypeOf(modelctl.update).toBeCallableWith({ inputs: ['models'], dryRun: true });
    expectTypeOf<PlanRequest>().not.toHaveProperty('mode');
    expectTypeOf<Options>().toExtend<{ readonly signal?: AbortSignal }>();
  });

  test('returns expected failures as values', () => {
    expectTypeOf(modelctl.validate).returns.toEqualTypeOf<Promise<Checked<Manifests>>>();
    expectTypeOf(modelctl.plan).returns.toEqualTypeOf<Promise<Reconciliation>>();
    expectTypeOf(modelctl.apply).returns.toEqualTypeOf<Promise<Reconciliation>>();
    expectTypeOf(modelctl.survey).returns.toEqualTypeOf<Promise<Survey>>();
    expectTypeOf<Reconciliation['plan']>().toEqualTypeOf<Plan | null>();
    expectTypeOf<Reconciliation['changes']>().toEqualTypeOf<ChangeSet | null>();
    expectTypeOf<Reconciliation['exitCode']>().toEqualTypeOf<0 | 1 | 3 | 4 | 5 | 6 | 130>();
    expectTypeOf<Reconciliation['problems']>().toEqualTypeOf<readonly Problem[]>();
  });
});
