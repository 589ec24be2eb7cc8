// What holds when two sets want the same models, in random scenarios: see two-sets.ts.
import fc from 'fast-check';
import { it } from 'vitest';
import { arbitrarySharedScenario } from './arbitrary-shared.ts';
import { playShared } from './two-sets.ts';

const seed = Number(process.env['MODELCTL_TEST_SEED'] ?? 1);
const numRuns = Number(process.env['MODELCTL_TEST_RUNS'] ?? 40);

it('comes to rest and keeps in memory only what one of them wants there', async () => {
  await fc.assert(fc.asyncProperty(arbitrarySharedScenario, playShared), {
    numRuns,
    seed,
    interruptAfterTimeLimit: 500_000,
    markInterruptAsFailure: false,
  });
}, 600_000);
