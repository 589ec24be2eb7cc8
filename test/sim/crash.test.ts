// A crash after any effect of a run, and the same run again: `npm run sim -- --only crash` tries
// every effect, this a few of each scenario.
import { describe, expect, it } from 'vitest';
import { crashEverywhere, crashScenarios } from './crash.ts';

const pointsEach = 5;

describe('a run that crashed, run again, ends as if it had not, after', () => {
  it.each(crashScenarios.map((scenario) => [scenario.title, scenario] as const))(
    '%s',
    async (_, scenario) => {
      const { crashes } = await crashEverywhere(scenario, pointsEach);
      expect(crashes).toBeGreaterThanOrEqual(pointsEach);
    },
    60_000,
  );
});
