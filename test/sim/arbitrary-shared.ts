// Which scenarios of two sets there are: few Models over few weights, most of them in memory, that both
// sets declare in their own ways. What is done with them, and what must hold, is in two-sets.ts.
import fc from 'fast-check';
import { arbitrarySpec } from './arbitrary-scenario.ts';
import type { Kill } from './life.ts';
import { type ModelSpec, modelNames } from './manifests.ts';

export type SetName = 'ours' | 'theirs';
export const setNames = ['ours', 'theirs'] as const;

export type SharedStep =
  | { readonly do: 'put'; readonly set: SetName; readonly spec: ModelSpec }
  /** What the other set declares, but perhaps not as present. */
  | {
      readonly do: 'share';
      readonly set: SetName;
      readonly pick: number;
      readonly residency: ModelSpec['residency'];
    }
  | {
      readonly do: 'residency';
      readonly set: SetName;
      readonly pick: number;
      readonly residency: ModelSpec['residency'];
    }
  | { readonly do: 'remove'; readonly set: SetName; readonly pick: number }
  | {
      readonly do: 'apply';
      readonly set: SetName;
      readonly prune: boolean;
      readonly takeOver: boolean;
      readonly interruptAfterMs: number | null;
      readonly kill: Kill | null;
    }
  | {
      readonly do: 'meddle';
      readonly how: 'remove' | 'overwrite' | 'copy' | 'load' | 'unload';
      readonly pick: number;
      readonly onto: number;
    };

export interface SharedScenario {
  readonly seed: number;
  readonly steps: readonly SharedStep[];
}

const set = fc.constantFrom(...setNames);
const pick = fc.nat({ max: 40 });
const residency = fc.constantFrom<ModelSpec['residency'][]>(
  'optional',
  'stored',
  'stored',
  'loaded',
  'loaded',
);

/** Few Models over few weights, most of them in memory. */
const spec: fc.Arbitrary<ModelSpec> = fc
  .record({
    spec: arbitrarySpec,
    model: fc.constantFrom(...modelNames.slice(0, 3)),
    source: fc.constantFrom('own:v1', 'own:v1', 'own:v2', 'shared:v1', 'file-one'),
    threads: fc.constantFrom(null, null, null, 2),
    residency,
    prune: fc.constantFrom('Delete', 'Delete', 'Delete', 'Delete', 'Keep'),
  })
  .map(({ spec: one, model, threads, ...rest }) => ({
    ...one,
    ...rest,
    model,
    ...(rest.source === 'shared:v1' || 'served' in one ? { served: `${model}-chat` } : {}),
    ...(threads === null ? {} : { threads }),
    aliases: one.aliases.map((alias) => (alias === 'gpt' ? alias : `${model}-alias`)),
    engines: ['main'] as const,
  }));

const otherwise = <T>(share: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof(
    { weight: 100 - share, arbitrary: fc.constant(null) },
    { weight: share, arbitrary: value },
  );

const step: fc.Arbitrary<SharedStep> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), set, spec }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('share' as const, 'residency' as const),
      set,
      pick,
      residency,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), set, pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      set,
      prune: fc.constantFrom(true, true, false),
      takeOver: fc.constantFrom(false, false, true),
      interruptAfterMs: otherwise(20, fc.nat({ max: 600 })),
      kill: otherwise(
        10,
        fc.record({ effect: fc.nat({ max: 40 }), when: fc.constantFrom('before', 'after') }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('meddle' as const),
      how: fc.constantFrom('remove', 'overwrite', 'copy', 'load', 'unload'),
      pick,
      onto: pick,
    }),
  },
);

export const arbitrarySharedScenario: fc.Arbitrary<SharedScenario> = fc.record({
  seed: fc.noShrink(fc.nat()),
  steps: fc.array(step, { minLength: 2, maxLength: 24, size: 'max' }),
});
