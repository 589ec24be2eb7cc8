// How long the planner takes for 100,000 placements, next to reading the same state as JSON: if
// planning costs about as much as parsing its input, there is nothing left to gain.
import type { DesiredPlacement } from '../../src/core/desired.ts';
import type { ObservedPlacement } from '../../src/core/observed.ts';
import { type PlanInput, plan } from '../../src/plan/plan.ts';
import { type PlanCase, planInputOf } from '../plan/plan-case.ts';
import type { Measured } from './bench.ts';
import { median } from './whole-process.ts';

const placements = 100_000;
const rounds = 7;

export async function* benchPlanner(): AsyncIterable<Measured> {
  const input = planInputOf(largeCase());
  const text = JSON.stringify(stateOf(input));
  const ratios: number[] = [];
  const plans: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const parseMs = await timeMs(() => JSON.parse(text));
    const planMs = await timeMs(() => plan(input));
    ratios.push(planMs / parseMs);
    plans.push(planMs);
  }
  yield {
    title: `planning ${placements} placements, against JSON.parse of their state`,
    value: median(ratios),
    budget: 4,
    unit: 'x',
    detail: `${Math.round(median(plans))} ms for ${Math.round(text.length / 1e6)} MB of state`,
  };
}

/** Nine in ten are as they should be; the rest is missing, has drifted, or has left the set. */
function largeCase(): PlanCase {
  const indexes = Array.from({ length: placements }, (_, index) => index);
  const name = (index: number) => `model-${index}:latest`;
  return {
    title: 'large',
    desired: {
      models: indexes.map((index) => ({
        name: name(index),
        digest: `v${index}`,
        residency: 'stored',
      })),
    },
    observed: {
      ollama: {
        holds: indexes
          .filter((index) => index % 20 !== 0)
          .map((index) => ({
            name: name(index),
            digest: index % 21 === 0 ? 'drifted' : `v${index}`,
          })),
      },
    },
    ledger: {
      owns: indexes.map((index) => ({ name: name(index), digest: `v${index}` })),
    },
    options: { prune: true, allowEvictions: placements },
    plan: '',
  };
}

const stateOf = ({ desired, observed }: PlanInput) => ({
  desired: [...desired.placements.values()] satisfies DesiredPlacement[],
  observed: [...observed.backends].map(([key, backend]) => [
    key,
    backend.kind === 'reachable'
      ? ([...backend.placements.values()] satisfies ObservedPlacement[])
      : [],
  ]),
});

async function timeMs(work: () => unknown): Promise<number> {
  // What earlier rounds left is not this one's to clean up.
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
