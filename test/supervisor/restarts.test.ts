import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restartAfter } from '../../src/supervisor/restarts.ts';

const minuteMs = 60_000;

test('waits longer and longer, at random, and never more than a minute', () => {
  const most = [0, 1, 2, 3].map((failures) => restartAfter(failures, 0, 1 - 1e-9).delayMs);
  expect(most).toEqual([500, 1000, 2000, 4000]);
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, lived, x) => {
        const { delayMs } = restartAfter(n, lived, x);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(minuteMs);
      },
    ),
  );
});

test('calls it a loop from the fifth failure in a row, and goes on', () => {
  expect(restartAfter(3, 0, 0)).toMatchObject({ failures: 4, phase: 'waiting' });
  expect(restartAfter(4, 0, 0)).toMatchObject({ failures: 5, phase: 'crash-loop' });
});

test('forgets failures after a long life', () => {
  expect(restartAfter(9, minuteMs, 0)).toMatchObject({ failures: 1, phase: 'waiting' });
});
