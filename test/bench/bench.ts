// What `npm run bench` measures: ratios within one run, so that a slow or busy machine gives the
// same answer as a fast one. Each has a budget; a ratio above it ends the run with exit code 1.
//
//   npm run bench -- --only start-up|planner|memory|transfers|watch

import { parseArgs } from 'node:util';
import { benchMemory } from './memory.ts';
import { benchPlanner } from './planner.ts';
import { benchStartUp } from './start-up.ts';
import { benchTransfers } from './transfers.ts';
import { benchWatch } from './watch.ts';

export interface Measured {
  readonly title: string;
  /** In `unit`. */
  readonly value: number;
  readonly budget: number;
  readonly unit: 'x' | 'MB' | '%' | 'ms';
  readonly detail: string;
}

const parts = {
  'start-up': benchStartUp,
  planner: benchPlanner,
  memory: benchMemory,
  transfers: benchTransfers,
  watch: benchWatch,
};
const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;

const results: Measured[] = [];
for (const [part, bench] of Object.entries(parts)) {
  if (only !== undefined && only !== part) continue;
  for await (const measured of bench()) {
    results.push(measured);
    process.stdout.write(`${line(measured)}\n`);
  }
}
const over = results.filter(({ value, budget }) => value > budget);
process.stdout.write(
  over.length === 0
    ? 'All within budget.\n'
    : `Over budget: ${over.map((one) => one.title).join(', ')}\n`,
);
process.exitCode = over.length === 0 ? 0 : 1;

function line({ title, value, budget, unit, detail }: Measured): string {
  const mark = value <= budget ? 'ok  ' : 'OVER';
  const figure = `${value.toFixed(2)} ${unit}`.padStart(10);
  return `${mark} ${figure}  (at most ${Number(budget.toFixed(2))} ${unit})  ${title}  ${detail}`;
}
