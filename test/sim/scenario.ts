// One scenario from its first step to rest: every run is judged, and at the end, when nothing goes
// wrong any more, the machine must come to what is declared.
import type { Scenario } from './arbitrary-scenario.ts';
import { calm, settle } from './liveness.ts';
import { furnish } from './manifests.ts';
import { createOracle } from './oracle.ts';
import { type Declared, happen, runStep, type Step } from './steps.ts';
import { createWorld, type Run, type RunOptions, type World } from './world.ts';

export interface ScenarioCount {
  readonly runs: number;
  readonly kills: number;
  readonly effects: number;
}

function makesOrphans(step: Step): boolean {
  const acts = step.do === 'apply' ? step.meanwhile : step.do === 'outside' ? [step] : [];
  const takesNames = ['remove', 'overwrite', 'copy', 'install'];
  return step.do === 'ledger' || acts.some(({ act }) => takesNames.includes(act.act.kind));
}

/** Throws a Violation, or whatever a bug throws. */
export async function playScenario(
  { seed, steps }: Scenario,
  onRun: (run: Run, world: World) => void = () => undefined,
): Promise<ScenarioCount> {
  const world = createWorld(seed);
  const declared: Declared = { models: [], before: [] };
  const oracle = createOracle(world);
  const count = { runs: 0, kills: 0, effects: 0 };
  const judged = async (start: () => Promise<Run>): Promise<Run> => {
    await oracle.prepare();
    const run = await start();
    onRun(run, world);
    count.runs += 1;
    count.kills += run.result === null ? 1 : 0;
    count.effects += run.effects.length;
    await oracle.judge(run, declared.models);
    return run;
  };
  try {
    furnish(world);
    for (const step of steps) {
      if (step.do === 'apply' || step.do === 'plan')
        await judged(() => runStep(step, world, declared));
      else await happen(step, world, declared);
      if (step.do === 'ledger') oracle.ledgerLost();
    }
    await calm(world);
    await settle(world, declared.models, {
      run: (options: RunOptions) => judged(() => world.run(options)),
      hasOrphans: steps.some(makesOrphans),
    });
    return count;
  } finally {
    world.end();
  }
}
