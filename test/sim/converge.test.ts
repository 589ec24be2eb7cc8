// What holds in every scenario, whatever people, others and faults do: see oracle.ts for what must
// never happen and liveness.ts for what must happen in the end.
import { expect, it } from 'vitest';
import { playScenarios } from './scenarios.ts';

const runsMin = 400;
const seed = Number(process.env['MODELCTL_TEST_SEED'] ?? 1);

it('keeps what it does not own and comes to what is declared, in random scenarios', async () => {
  const count = await playScenarios(seed, ({ runs }) => runs >= runsMin);
  expect(count.kills).toBeGreaterThan(0);
}, 120_000);
