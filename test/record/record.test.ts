import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/changeset.ts';
import { wantedDigest } from '../../src/core/wanted.ts';
import { entriesBeforeRun, type RecordInput, settlementOf } from '../../src/record/record.ts';
import {
  action,
  backendAt,
  change,
  desired,
  details,
  digestOf,
  entry,
  kept,
  keyOf,
  observed,
  placement,
  plan,
  reachable,
  thing,
  unchanged,
  unreachable,
} from './record-values.ts';

const input = (changes: Partial<RecordInput> = {}): RecordInput => ({
  plan: plan(),
  desired: desired([]),
  observed: observed(reachable([])),
  ledger: { inventory: [], interrupted: new Set(), contested: new Map() },
  ...changes,
});

const ledgerOf = (
  inventory: RecordInput['ledger']['inventory'],
  ...interrupted: readonly string[]
): RecordInput['ledger'] => ({
  inventory,
  interrupted: new Set(interrupted.map(keyOf)),
  contested: new Map(),
});

describe('before a run', () => {
  it('adds what is about to be made, as not seen yet', () => {
    const coder = placement('coder', {
      build: { kind: 'derive', base: 'qwen', recipe: {} },
      role: 'model',
      residency: 'pinned',
      prune: 'Confirm',
      model: 'team-coder',
    });
    const entries = entriesBeforeRun(
      input({
        desired: desired([
          placement('qwen'),
          coder,
          placement('gpt', { build: { kind: 'alias', of: 'coder' }, role: 'alias' }),
        ]),
        plan: plan({
          actions: [action('pull', 'qwen'), action('create', 'coder'), action('create', 'gpt')],
        }),
      }),
    );
    expect(entries).toEqual([
      entry('qwen', { digest: null }),
      entry('coder', {
        digest: null,
        model: 'team-coder',
        residency: 'pinned',
        prune: 'Confirm',
        base: 'qwen',
      }),
      entry('gpt', { digest: null, role: 'alias', base: 'coder' }),
    ]);
  });

  it('does not take in a wanted name that the plan holds: what is there is not ours', () => {
    const entries = entriesBeforeRun(
      input({
        desired: desired([placement('a')]),
        observed: observed(reachable([thing('a', { digest: digestOf('foreign') })])),
      }),
    );
    expect(entries).toEqual([]);
  });

  it('keeps what left the set, and what is about to be evicted', () => {
    const ledger = ledgerOf([entry('left'), entry('leaving')]);
    const actions = [action('evict', 'leaving')];
    const entries = entriesBeforeRun(input({ ledger, plan: plan({ actions }) }));
    expect(entries).toEqual([entry('left'), entry('leaving')]);
  });

  it('keeps what is known of a name that is built anew', () => {
    const made = { revision: digestOf('r'), base: null, recipe: null };
    const own = entry('a', { digest: digestOf('old'), made, adopted: true });
    const entries = entriesBeforeRun(
      input({
        ledger: ledgerOf([own]),
        desired: desired([placement('a')]),
        observed: observed(reachable([thing('a', { digest: digestOf('old') })])),
        plan: plan({ actions: [action('pull', 'a', { replaces: digestOf('old') })] }),
      }),
    );
    expect(entries).toEqual([own]);
  });

  it('leaves entries of other sets out', () => {
    const ledger = ledgerOf([entry('a', { set: 'set-b' })]);
    expect(entriesBeforeRun(input({ ledger }))).toEqual([]);
  });

  it('takes in what was found as wanted', () => {
    const entries = entriesBeforeRun(
      input({
        desired: desired([placement('found'), placement('made')]),
        plan: plan({
          unchanged: [unchanged('found', { adopted: true })],
          actions: [action('pull', 'made')],
        }),
      }),
    );
    expect(entries).toEqual([entry('found', { adopted: true }), entry('made', { digest: null })]);
  });

  it('takes in what was found as wanted but is not loaded as wanted', () => {
    const world = {
      desired: desired([placement('a', { residency: 'loaded' })]),
      observed: observed(reachable([thing('a')])),
      plan: plan({ actions: [action('load', 'a')] }),
    };
    const found = entry('a', { residency: 'loaded', adopted: true });
    expect(entriesBeforeRun(input(world))).toEqual([found]);
    // One that was planned once and never begun is somebody else's all the same.
    const begun = entry('a', { residency: 'loaded', digest: null });
    expect(entriesBeforeRun(input({ ...world, ledger: ledgerOf([begun]) }))).toEqual([found]);
    // One that we were cut off while making is ours.
    expect(entriesBeforeRun(input({ ...world, ledger: ledgerOf([begun], 'a') }))).toEqual([
      { ...found, adopted: false },
    ]);
  });
});

describe('what is declared', () => {
  it('is followed for every wanted name, within reach or not', () => {
    const changed = placement('a', { model: 'other', prune: 'Keep', residency: 'loaded' });
    for (const observation of [reachable([]), unreachable]) {
      const { entries } = settlementOf(
        input({
          ledger: ledgerOf([entry('a')]),
          desired: desired([changed]),
          observed: observed(observation),
        }),
        null,
      );
      expect(entries).toEqual([entry('a', { model: 'other', prune: 'Keep', residency: 'loaded' })]);
    }
  });

  it('is remembered for a name that is no longer wanted', () => {
    const own = entry('a', { prune: 'Confirm', residency: 'pinned' });
    const world = { ledger: ledgerOf([own]), observed: observed(reachable([thing('a')])) };
    expect(settlementOf(input(world), null).entries).toEqual([own]);
  });

  const lowered = {
    ledger: ledgerOf([entry('a', { residency: 'loaded' })]),
    desired: desired([placement('a', { residency: 'stored' })]),
  };

  it.each([
    ['it is still kept there', reachable([thing('a', { loaded: kept })]), 'loaded'],
    ['its engine does not answer', unreachable, 'loaded'],
    ['it is not loaded', reachable([thing('a')]), 'stored'],
    [
      'it is loaded, but not to stay',
      reachable([thing('a', { loaded: { ...kept, expiresAt: 1 } })]),
      'stored',
    ],
    ['it is gone', reachable([]), 'stored'],
  ] as const)('no longer being loaded is recorded as seen: %s', (_, observation, residency) => {
    const world = input({ ...lowered, observed: observed(observation) });
    for (const entries of [entriesBeforeRun(world), settlementOf(world, null).entries]) {
      expect(entries).toEqual([entry('a', { residency })]);
    }
  });

  it('being loaded from now on is recorded before anything is', () => {
    const world = input({
      ledger: ledgerOf([entry('a')]),
      desired: desired([placement('a', { residency: 'pinned' })]),
      observed: observed(unreachable),
    });
    expect(entriesBeforeRun(world)).toEqual([entry('a', { residency: 'pinned' })]);
  });
});

describe('after a run', () => {
  const settle = (changes: Partial<RecordInput>, ...outcomes: readonly Outcome[]) => {
    const world = input(changes);
    const entries = world.plan.actions.map((one, index) => change(one, outcomes[index]));
    return settlementOf(world, outcomes.length === 0 ? null : { entries });
  };

  it('drops what an engine was seen not to have', () => {
    const settled = settle({
      ledger: ledgerOf([entry('gone'), entry('there')]),
      observed: observed(reachable([thing('there')])),
    });
    expect(settled.absent).toEqual([keyOf('gone')]);
    expect(settled.entries).toEqual([entry('there')]);
  });

  it.each([
    ['its engine does not answer', { observed: observed(unreachable) }],
    ['its engine was not looked at', { observed: { backends: new Map() } }],
    ['it is still wanted', { desired: desired([placement('gone')]) }],
    ['its Model is held', { desired: desired([], { heldModels: new Set(['gone']) }) }],
    ['the manifests are not complete', { desired: desired([], { complete: false }) }],
    ['another set owns it', { ledger: ledgerOf([entry('gone', { set: 'set-b' })]) }],
  ])('drops nothing when %s', (_, changes) => {
    expect(settle({ ledger: ledgerOf([entry('gone')]), ...changes }).absent).toEqual([]);
  });

  it.each([
    ['pulled', []],
    ['failed', []],
    ['unknown', []],
    ['skipped', [keyOf('a')]],
  ] as const)('keeps what an action may have put there since: %s', (outcome, absent) => {
    // Not wanted, and yet built: a later edit, or another view of the same run.
    const settled = settle(
      { ledger: ledgerOf([entry('a')]), plan: plan({ actions: [action('pull', 'a')] }) },
      outcome,
    );
    expect(settled.absent).toEqual(absent);
  });

  it('drops what was put on record for an action that never began, and not what was cut off', () => {
    const foreign = observed(reachable([thing('never'), thing('begun')]));
    const rows = [entry('never', { digest: null }), entry('begun', { digest: null })];
    const settled = settle({ ledger: ledgerOf(rows, 'begun'), observed: foreign });
    expect(settled.absent).toEqual([keyOf('never')]);
    const wanted = desired([placement('never')]);
    expect(
      settle({ ledger: ledgerOf(rows, 'begun'), observed: foreign, desired: wanted }).absent,
    ).toEqual([]);
  });

  it("drops an optional name once it is gone: what takes its place is somebody else's", () => {
    const wanted = desired([placement('a', { residency: 'optional' }), placement('b')]);
    const ledger = ledgerOf([entry('a'), entry('b')]);
    expect(settle({ ledger, desired: wanted }).absent).toEqual([keyOf('a')]);
    expect(
      settle({ ledger, desired: wanted, observed: observed(reachable([thing('a')])) }).absent,
    ).toEqual([]);
  });

  it('takes in what is as wanted while it is in use with other options', () => {
    const settled = settle({
      desired: desired([placement('a', { residency: 'loaded' })]),
      observed: observed(reachable([thing('a')])),
      plan: plan({
        held: [
          {
            host: 'local',
            backend: entry('a').backend,
            name: 'a',
            model: 'a',
            because: 'in-use',
            detail: '',
            remedy: '',
          },
        ],
      }),
    });
    expect(settled.entries).toEqual([entry('a', { residency: 'loaded', adopted: true })]);
  });

  it('gives up what another set owns too', () => {
    const settled = settle({
      ledger: ledgerOf([entry('shared'), entry('shared', { set: 'set-b' })]),
      observed: observed(reachable([thing('shared')])),
      plan: plan({ released: [{ host: 'local', backend: entry('a').backend, name: 'shared' }] }),
    });
    expect(settled.absent).toEqual([keyOf('shared')]);
    expect(settled.entries).toEqual([]);
  });

  it('adopts what was found as wanted, without any run', () => {
    const settled = settle({
      desired: desired([placement('a')]),
      observed: observed(reachable([thing('a')])),
      plan: plan({ unchanged: [unchanged('a', { adopted: true })] }),
    });
    expect(settled.entries).toEqual([
      entry('a', { adopted: true, settled: wantedDigest(placement('a')) }),
    ]);
  });

  it('recognizes what a cut-off run of ours made', () => {
    const settled = settle({
      ledger: ledgerOf([entry('a', { digest: null })], 'a'),
      desired: desired([placement('a')]),
      observed: observed(reachable([thing('a')])),
      plan: plan({ unchanged: [unchanged('a')] }),
    });
    expect(settled.entries).toEqual([entry('a', { settled: wantedDigest(placement('a')) })]);
    expect(settled.closed).toEqual([keyOf('a')]);
  });

  it('keeps what a name was made from only while it holds the same', () => {
    const made = { revision: digestOf('r'), base: null, recipe: null };
    const world = {
      desired: desired([placement('a')]),
      plan: plan({ unchanged: [unchanged('a')] }),
    };
    const same = settle({ ...world, ledger: ledgerOf([entry('a', { made })]) });
    const settled = wantedDigest(placement('a'));
    expect(same.entries).toEqual([entry('a', { made, settled })]);
    const other = settle({
      ...world,
      ledger: ledgerOf([entry('a', { made, digest: digestOf('old') })]),
    });
    expect(other.entries).toEqual([entry('a', { settled })]);
  });

  it('closes an interrupted action once its name is seen as wanted or not there', () => {
    const settled = settle({
      ledger: ledgerOf([], 'wanted', 'gone', 'different'),
      desired: desired([placement('wanted')]),
      observed: observed(reachable([thing('wanted'), thing('different')])),
      plan: plan({ unchanged: [unchanged('wanted')] }),
    });
    expect(settled.closed).toEqual([keyOf('wanted'), keyOf('gone')]);
  });

  it('leaves an interrupted action open while its engine does not answer', () => {
    const settled = settle({ ledger: ledgerOf([], 'a'), observed: observed(unreachable) });
    expect(settled.closed).toEqual([]);
  });

  it('leaves an action of its own open that ended unknown', () => {
    const world = {
      ledger: ledgerOf([entry('a', { digest: null })], 'a'),
      desired: desired([placement('a')]),
      plan: plan({ actions: [action('pull', 'a')] }),
    };
    expect(settle(world, 'unknown').closed).toEqual([]);
    expect(settle(world, 'skipped').closed).toEqual([keyOf('a')]);
  });

  it('hands on what was learned about digests', () => {
    const learned = new Map([[digestOf('a'), details('a')]]);
    const settled = settle({ observed: observed(reachable([], learned)) });
    expect(settled.learned).toEqual(new Map([[backendAt, learned]]));
    expect(settle({ observed: observed(unreachable) }).learned).toEqual(new Map());
  });
});
