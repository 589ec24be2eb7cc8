// Many random scenarios, each from a seed of its own. One that fails is made as small as it goes,
// and told with the command that plays it again.
import fc from 'fast-check';
import { arbitraryScenario, type Scenario } from './arbitrary-scenario.ts';
import { playScenario, type ScenarioCount } from './scenario.ts';

export interface ScenariosCount extends ScenarioCount {
  readonly scenarios: number;
}

/** Longer is not worth waiting for a smaller counterexample. */
const shrinkTimeoutMs = 60_000;

/** Plays the scenarios of `seed`, `seed + 1` and so on; throws for the first that fails. */
export async function playScenarios(
  seed: number,
  isEnough: (count: ScenariosCount) => boolean,
): Promise<ScenariosCount> {
  const count = { scenarios: 0, runs: 0, kills: 0, effects: 0 };
  while (!isEnough(count)) {
    await playSeed(seed + count.scenarios, (played) => {
      count.runs += played.runs;
      count.kills += played.kills;
      count.effects += played.effects;
    });
    count.scenarios += 1;
  }
  return count;
}

async function playSeed(seed: number, tell: (count: ScenarioCount) => void): Promise<void> {
  const property = fc.asyncProperty(arbitraryScenario, async (scenario) => {
    tell(await playScenario(scenario));
  });
  const details = await fc.check(property, {
    seed,
    numRuns: 1,
    unbiased: true,
    interruptAfterTimeLimit: shrinkTimeoutMs,
  });
  if (!details.failed) return;
  const [scenario] = details.counterexample ?? [];
  throw new Error(failureText(seed, scenario), { cause: details.errorInstance });
}

function failureText(seed: number, scenario: Scenario | undefined): string {
  const steps = (scenario?.steps ?? []).map((step) => `  ${JSON.stringify(step)}`);
  return [
    `A simulated scenario fails. To play it again:`,
    '',
    `    npm run sim -- --only sim --runs 1 --seed ${seed}`,
    '',
    `As small as it got (world ${scenario?.seed}):`,
    ...steps,
  ].join('\n');
}
