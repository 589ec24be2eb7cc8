// What `npm run sim` runs: everything that the tests here do a little of, at full length.
//
//   npm run sim -- --seed 1 --only sim|sets|crash|kill|pulls|soak --runs 20000 --kills 200 --days 30
//
// One line for each part; a failure is told with what plays it again, and ends with exit code 1.
import process from 'node:process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { ensureBuilt } from '../toolchain/build.ts';
import { arbitrarySharedScenario } from './arbitrary-shared.ts';
import { crashEverywhere, crashScenarios } from './crash.ts';
import type { KillCount } from './kill.ts';
import { playScenarios } from './scenarios.ts';
import { soak } from './soak.ts';
import { playShared } from './two-sets.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    runs: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '200' },
    days: { type: 'string', default: '30' },
  },
});

const seed = Number(values.seed);
const kills = Number(values.kills);
const embeddedShare = 10;
/** Of pulls, for each of the kills against Ollama. */
const pullsShare = 1.5;
/** A scenario of two sets is some ten runs. */
const setsShare = 10;

const parts: Readonly<Record<string, () => Promise<string>>> = {
  sim: async () => {
    const {
      scenarios,
      runs,
      kills: killed,
      effects,
    } = await playScenarios(seed, (count) => count.runs >= Number(values.runs));
    return `${runs} simulated runs in ${scenarios} scenarios, ${killed} of them killed, ${effects} effects`;
  },
  sets: async () => {
    const numRuns = Math.ceil(Number(values.runs) / setsShare);
    await fc.assert(fc.asyncProperty(arbitrarySharedScenario, playShared), { numRuns, seed });
    return `${numRuns} scenarios of two sets`;
  },
  crash: async () => {
    let crashes = 0;
    for (const scenario of crashScenarios) crashes += (await crashEverywhere(scenario)).crashes;
    return `${crashes} crashes in ${crashScenarios.length} scenarios, before and after each effect`;
  },
  kill: async () => {
    await ensureBuilt();
    // Not before: they import the database that the other parts watch.
    const { killOnOllama } = await import('./kill-ollama.ts');
    const { killOnEmbedded } = await import('./kill-embedded.ts');
    const ollama = await killOnOllama(kills, seed);
    const embedded = await killOnEmbedded(Math.ceil(kills / embeddedShare), seed);
    return `kill -9 ${killText(ollama)} against Ollama; ${killText(embedded)} with the embedded engine`;
  },
  soak: async () => {
    const { days, ...count } = await soak(seed, Number(values.days));
    const told = Object.entries(count).map(([what, amount]) => `${amount} ${what}`);
    return `a loop of ${days} days: ${told.join(', ')}`;
  },
  pulls: async () => {
    await ensureBuilt();
    const { killPulls } = await import('./kill-pulls.ts');
    return `kill -9 of pulls ${killText(await killPulls(Math.ceil(kills * pullsShare), seed))}`;
  },
};

for (const [part, play] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== part) continue;
  const startedAt = performance.now();
  try {
    const told = await play();
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    process.stdout.write(`${part}, seed ${seed}: ${told}; ${seconds} s\n`);
  } catch (error) {
    process.stderr.write(`${part}, seed ${seed}, failed: ${textOf(error)}\n`);
    process.exitCode = 1;
  }
}

function killText({ kills: times, rounds, phases }: KillCount): string {
  const where = [...phases].toSorted(([, one], [, other]) => other - one);
  const told = where.map(([phase, count]) => `${count} ${phase}`).join(', ');
  return `${times} times in ${rounds} runs (${told})`;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n\n${textOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
