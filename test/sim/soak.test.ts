import { expect, test } from 'vitest';
import { soak } from './soak.ts';

test('a loop of days comes to what is declared after each trouble, and nothing grows', async () => {
  const count = await soak(1, 1);
  expect(count.actions).toBeGreaterThan(0);
  expect(count.edits).toBeGreaterThan(0);
}, 120_000);
