// What holds for every plan, every observation and every way in which a run can end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Outcome, outcomeOf } from '../../src/core/changeset.ts';
import { backendKey, placementKey } from '../../src/core/key.ts';
import type { Action } from '../../src/core/plan.ts';
import { factsAfter } from '../../src/record/facts.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { entriesBeforeRun, type RecordInput, settlementOf } from '../../src/record/record.ts';
import { createFakeIo } from '../fakes/io.ts';
import {
  action,
  change,
  desired,
  digestOf,
  entry,
  host,
  kept,
  keyOf,
  observed,
  placement,
  plan,
  reachable,
  scope,
  thing,
  unchanged,
  unreachable,
} from './record-values.ts';

const now = Date.UTC(2030, 0, 2);
const names = ['a', 'b', 'c', 'd', 'e'] as const;
const residencies = ['optional', 'stored', 'loaded', 'pinned'] as const;

/** One name: whether and how it is owned, wanted, there, and what the plan does about it. */
const arbitraryName = fc.record({
  owned: fc.constantFrom('no', 'no', 'pending', 'interrupted', 'seen', 'adopted', 'elsewhere'),
  wanted: fc.option(fc.constantFrom(...residencies)),
  there: fc.constantFrom('no', 'same', 'other', 'kept'),
  step: fc.constantFrom(
    'none',
    'unchanged',
    'released',
    'pull',
    'create',
    'load',
    'unload',
    'evict',
  ),
  outcome: fc.constantFrom<Outcome | 'done'>(
    'done',
    'done',
    'unchanged',
    'failed',
    'unknown',
    'skipped',
  ),
  residency: fc.constantFrom(...residencies),
});

type NameCase = typeof arbitraryName extends fc.Arbitrary<infer T> ? T : never;

const arbitraryWorld = fc.record({
  cases: fc.tuple(...names.map(() => arbitraryName)),
  up: fc.boolean(),
  complete: fc.boolean(),
});

type WorldCase = typeof arbitraryWorld extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly input: RecordInput;
  readonly outcomes: readonly { readonly action: Action; readonly outcome: Outcome }[];
}

function worldOf({ cases, up, complete }: WorldCase): World {
  const each = names.map((name, index) => ({ name, ...(cases[index] as NameCase) }));
  const inventory = each.flatMap(({ name, owned, residency }) => {
    if (owned === 'no') return [];
    const set = owned === 'elsewhere' ? 'set-b' : 'set-a';
    const seen = owned === 'seen' || owned === 'adopted' || owned === 'elsewhere';
    const digest = seen ? digestOf(name) : null;
    return [entry(name, { set, residency, digest, adopted: owned === 'adopted' })];
  });
  const things = each.flatMap(({ name, there }) => {
    if (there === 'no') return [];
    const digest = digestOf(there === 'other' ? 'other' : name);
    return [thing(name, { digest, loaded: there === 'kept' ? kept : null })];
  });
  const placements = each.flatMap(({ name, wanted }) =>
    wanted === null ? [] : [placement(name, { residency: wanted })],
  );
  const doing = each.filter(({ step, wanted }) => {
    if (['pull', 'create', 'load', 'unload'].includes(step)) return wanted !== null;
    return step === 'evict' && wanted === null;
  });
  const actions = doing.map(({ name, step }) => action(step as Action['kind'], name));
  return {
    input: {
      plan: plan({
        actions,
        unchanged: each
          .filter(({ step, wanted, there }) => step === 'unchanged' && wanted && there === 'same')
          .map(({ name, owned }) => unchanged(name, { adopted: owned !== 'seen' })),
        released: each
          .filter(({ step, wanted }) => step === 'released' && wanted === null)
          .map(({ name }) => ({ host, backend: entry(name).backend, name })),
      }),
      desired: desired(placements, { complete }),
      observed: observed(up ? reachable(things) : unreachable),
      ledger: {
        inventory,
        interrupted: new Set(
          each.filter(({ owned }) => owned === 'interrupted').map(({ name }) => keyOf(name)),
        ),
        contested: new Map(),
      },
    },
    outcomes: actions.map((one, index) => {
      const outcome = doing[index]?.outcome ?? 'done';
      return { action: one, outcome: outcome === 'done' ? outcomeOf[one.kind] : outcome };
    }),
  };
}

const own = ({ ledger }: RecordInput) => ledger.inventory.filter(({ set }) => set === 'set-a');
const keysOf = (entries: readonly ReturnType<typeof entry>[]) => entries.map(placementKey);

describe('the inventory before a run', () => {
  it('has everything owned and everything about to be made, of this set only', () => {
    fc.assert(
      fc.property(arbitraryWorld, (world) => {
        const { input } = worldOf(world);
        const entries = entriesBeforeRun(input);
        const builds = input.plan.actions.filter(
          ({ kind }) => kind === 'pull' || kind === 'create',
        );
        const keys = new Set(keysOf(entries));
        for (const key of [...keysOf(own(input)), ...builds.map(placementKey)]) {
          expect(keys).toContain(key);
        }
        expect(keys.size).toBe(entries.length);
        expect(entries.every(({ set }) => set === 'set-a')).toBe(true);
      }),
    );
  });

  it('is the same when a run that was cut off is begun again', () => {
    fc.assert(
      fc.property(arbitraryWorld, (world) => {
        const { input } = worldOf(world);
        const entries = entriesBeforeRun(input);
        const ledger = { ...input.ledger, inventory: entries };
        expect(entriesBeforeRun({ ...input, ledger })).toEqual(entries);
      }),
    );
  });
});

describe('the inventory after a run', () => {
  it('loses only what was seen to be gone, evicted, or given up to another set', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryWorld, async (world) => {
        const { input, outcomes } = worldOf(world);
        const after = await runOn(input, outcomes);
        const remaining = new Set(keysOf(after.inventory.filter(({ set }) => set === 'set-a')));
        const evicted = new Set(
          outcomes
            .filter(
              ({ action: { kind }, outcome }) =>
                kind === 'evict' && (outcome === 'evicted' || outcome === 'unchanged'),
            )
            .map(({ action: at }) => placementKey(at)),
        );
        const released = new Set(input.plan.released.map(placementKey));
        for (const one of own(input)) {
          const key = placementKey(one);
          if (remaining.has(key) || evicted.has(key) || released.has(key)) continue;
          const backend = input.observed.backends.get(backendKey(one));
          const wanted = input.desired.placements.get(key);
          expect(wanted === undefined || wanted.residency === 'optional').toBe(true);
          expect(input.desired.complete).toBe(true);
          // Put on record for an action that never began: whatever is there was never ours.
          if (one.digest === null) continue;
          expect(backend?.kind === 'reachable' && !backend.placements.has(one.name)).toBe(true);
        }
        const others = (of: typeof after.inventory) => of.filter(({ set }) => set !== 'set-a');
        expect(others(after.inventory)).toEqual(others(input.ledger.inventory));
      }),
      { numRuns: 200 },
    );
  });

  it('is settled: settling again has nothing to write', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryWorld, async (world) => {
        const { input, outcomes } = worldOf(world);
        expect((await runOn(input, outcomes)).settledAgain).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

/** The whole of a run on a real ledger in memory. */
async function runOn(input: RecordInput, outcomes: World['outcomes']) {
  const ledger = await openLedger({ path: ':memory:', mode: 'write' }, createFakeIo());
  const byInterrupted = (key: string): boolean => input.ledger.interrupted.has(key);
  for (const set of ['set-a', 'set-b']) {
    const entries = input.ledger.inventory.filter((one) => one.set === set);
    const earlier = ledger.beginRun({ ...scope(set), entries });
    for (const one of entries.filter((at) => byInterrupted(placementKey(at)))) {
      earlier.openIntent(action('pull', one.name), now);
    }
  }
  const run = ledger.beginRun({ ...scope(), entries: entriesBeforeRun(input) });
  for (const { action: one, outcome } of outcomes.filter(({ outcome: end }) => end !== 'skipped')) {
    const ended = change(one, outcome);
    run.openIntent(one, now);
    const entryOf = (at: typeof one | Parameters<typeof ledger.entryOf>[1]) =>
      ledger.entryOf('set-a', at);
    run.closeIntent(ended, factsAfter(ended, { desired: input.desired, entryOf }), now);
  }
  const changes = { entries: outcomes.map(({ action: one, outcome }) => change(one, outcome)) };
  const settle = (): boolean =>
    ledger.settle({
      ...scope(),
      ...settlementOf({ ...input, ledger: ledger.view(now) }, changes),
    });
  settle();
  const inventory = ledger.inventory();
  const settledAgain = settle();
  ledger.close();
  return { inventory, settledAgain };
}
