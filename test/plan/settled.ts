// Where runs come to in the end, so that ways to it can be compared.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Held } from '../../src/core/held.ts';
import { placementKey } from '../../src/core/key.ts';
import { type PlanInput, plan } from '../../src/plan/plan.ts';
import { applied } from './applied.ts';
import { planText } from './plan-text.ts';

/** Every name and what it holds. */
export const contents = ({ observed }: PlanInput): readonly string[] =>
  [...observed.backends]
    .flatMap(([key, backend]) =>
      backend.kind === 'reachable'
        ? [...backend.placements.values()].map(({ name, digest }) => `${key} ${name} ${digest}`)
        : [],
    )
    .toSorted();

/** After as many runs as it takes; nobody uses anything any more. */
export function settled(input: PlanInput): PlanInput {
  let now = idle(input);
  for (let round = 0; round < 5; round += 1) {
    const next = plan(now);
    if (next.actions.length === 0) return now;
    now = idle(applied(now, next));
  }
  throw new Error(`is not done after five runs:\n${planText(plan(now))}`);
}

export function expectSameEnd(one: PlanInput, other: PlanInput): void {
  const ends = [settled(one), settled(other)] as const;
  fc.pre(ends.every(isDecided));
  expect(contents(ends[0])).toEqual(contents(ends[1]));
}

/**
 * An engine that does not tell what it holds leaves that to a person, though while a base is away a
 * name on it is simply made anew; what a cut-off run has left may take the room of the rest; and the
 * guard asks a person about much that goes at once, though it might have gone little by little. What
 * a silent registry holds back may have come before all its files were here, by the engine itself.
 */
export const isDecided = (input: PlanInput): boolean =>
  plan(input).held.every((one) => !isForPerson.has(one.because) && !waitsForRegistry(input, one));
const waitsForRegistry = ({ observed }: PlanInput, one: Held): boolean =>
  one.because === 'unreachable' && observed.registries?.get(placementKey(one))?.kind === 'silent';
const isForPerson: ReadonlySet<string> = new Set(['unverifiable', 'does-not-fit', 'guard']);

const idle = (input: PlanInput): PlanInput => ({
  ...input,
  observed: {
    ...input.observed,
    backends: new Map(
      [...input.observed.backends].map(([key, backend]) => [
        key,
        backend.kind === 'unreachable'
          ? backend
          : {
              ...backend,
              placements: new Map(
                [...backend.placements].map(([name, one]) => [
                  name,
                  {
                    ...one,
                    loaded:
                      one.loaded?.expiresAt === 'never' ? { ...one.loaded, inUse: false } : null,
                  },
                ]),
              ),
            },
      ]),
    ),
  },
});
