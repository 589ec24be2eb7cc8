// Runs every plan case. `npm run test:update` writes what the planner says into the files; the
// difference is then reviewed like code.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { plan } from '../../src/plan/plan.ts';
import { type PlanCase, planInputOf } from './plan-case.ts';
import { planText } from './plan-text.ts';

const folder = new URL('cases/', import.meta.url);
const update = process.env['MODELCTL_TEST_UPDATE'] === '1';

describe('the planner', () => {
  for (const file of readdirSync(folder).toSorted()) {
    const url = new URL(file, folder);
    const text = readFileSync(url, 'utf8');
    const one = parse(text) as PlanCase;
    it(one.title, () => {
      const actual = planText(plan(planInputOf(one)));
      if (update) writeFileSync(url, withPlan(text, actual));
      else expect(actual).toBe(one.plan);
    });
  }
});

function withPlan(text: string, actual: string): string {
  const before = text.replace(/^plan:[\s\S]*$/m, '').trimEnd();
  const lines = actual.trimEnd().split('\n');
  return `${before}\nplan: |\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}
