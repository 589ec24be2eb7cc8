import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../../src/core/changeset.ts';
import { errorProblem } from '../../src/core/problem.ts';
import { plan } from '../../src/plan/plan.ts';
import { changedConditions, conditionsOf } from '../../src/watch/conditions.ts';
import {
  afterApply,
  afterLook,
  type Convergence,
  nonConverging,
} from '../../src/watch/convergence.ts';
import { planInputOf } from '../plan/plan-case.ts';

/** An engine that runs what it is told with a context of its own, whatever is asked for. */
const stubborn = planInputOf({
  title: 'stubborn',
  desired: {
    models: [{ name: 'odd:1b', digest: 'o1', residency: 'loaded', load: { contextLength: 8192 } }],
  },
  observed: {
    ollama: {
      holds: [{ name: 'odd:1b', digest: 'o1', loaded: { load: { contextLength: 4096 } } }],
    },
  },
  plan: '',
});
const planned = plan(stubborn);
const done = {
  plan: planned,
  interrupted: false,
  entries: planned.actions.map((action) => ({
    action,
    outcome: outcomeOf[action.kind],
    digest: null,
    downloadedBytes: 0,
    durationMs: 1,
  })),
};

describe('what is done again and again', () => {
  const apply = (before: Convergence): Convergence => afterApply(before, done, stubborn);
  const given = (convergence: Convergence) => [
    ...nonConverging(convergence, stubborn.desired).values(),
  ];

  test('is given up after three times, and the field is named', () => {
    const twice = apply(apply(new Map()));
    expect(given(twice)).toEqual([]);
    expect(given(apply(twice))).toEqual(['load.contextLength']);
  });

  test('begins anew once it was right, or failed, or was edited', () => {
    const twice = apply(apply(new Map()));
    const right = { ...planned, actions: [] };
    expect(given(apply(afterLook(twice, right, new Set(['local|ollama']))))).toEqual([]);
    expect(given(apply(afterLook(twice, right, new Set(['local|other']))))).toHaveLength(1);
    const failed = {
      ...done,
      entries: done.entries.map((one) => ({ ...one, outcome: 'failed' as const })),
    };
    expect(given(afterApply(twice, failed, stubborn))).toEqual([]);
    const [[key, placement] = []] = [...stubborn.desired.placements];
    const edited = new Map([[key!, { ...placement!, load: { contextLength: 2048 } }]]);
    expect([...nonConverging(apply(twice), { ...stubborn.desired, placements: edited })]).toEqual(
      [],
    );
  });
});

describe('conditions', () => {
  const stands = (changes: typeof done | null) => [
    ...conditionsOf('ollama', planned, changes).values(),
  ];

  test('say in one word how a Model stands', () => {
    expect(stands(null)).toMatchObject([
      { model: 'odd:1b', state: 'Reconciling', reason: 'Progressing' },
    ]);
    expect(stands(done)).toMatchObject([{ state: 'Ready', reason: 'AsDeclared', detail: null }]);
    for (const retry of ['never', 'later'] as const) {
      const problem = errorProblem({ code: 'x/y', summary: 'No', detail: 'It did not.', retry });
      const entries = done.entries.map((one) => ({ ...one, outcome: 'failed' as const, problem }));
      expect(conditionsOf('ollama', planned, { ...done, entries }).get('odd:1b')).toMatchObject({
        state: retry === 'never' ? 'Stalled' : 'Reconciling',
        reason: retry === 'never' ? 'ActionFailed' : 'ProgressingWithRetry',
        detail: 'It did not.',
      });
    }
  });

  test('take the reason of what is held, the worst of a Model first', () => {
    const held = planInputOf({
      title: 'held',
      desired: {
        models: [
          { name: 'a:1', model: 'm' },
          { name: 'b:1', model: 'm' },
        ],
      },
      observed: {
        ollama: {
          holds: [
            { name: 'a:1', digest: 'm' },
            { name: 'b:1', digest: 'foreign' },
          ],
        },
      },
      plan: '',
    });
    expect(conditionsOf('ollama', plan(held), null).get('m')).toMatchObject({
      state: 'Stalled',
      reason: 'Conflict',
    });
  });

  test('are told when they change, and not that all is well from the start', () => {
    const ready = conditionsOf('ollama', planned, done);
    const progressing = conditionsOf('ollama', planned, null);
    expect(changedConditions(undefined, ready)).toEqual([]);
    expect(changedConditions(progressing, ready)).toHaveLength(1);
    expect(changedConditions(ready, ready)).toEqual([]);
  });
});
