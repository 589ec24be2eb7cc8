// A clock on which waits of a quarter of an hour and more are over at once, and are counted: what
// holds transfers back to a low rate is then seen without waiting for it.
import type { Clock } from '../../src/io/io.ts';

/** Such a rate that each byte takes long. */
export const creeping = 0.0001;

/** Longer than any timeout of ours. */
const longMs = 15 * 60_000;

export function skipLongWaits(clock: Clock): {
  readonly clock: Clock;
  readonly count: () => number;
} {
  let count = 0;
  const sleep: Clock['sleep'] = async (durationMs, signal) => {
    if (durationMs < longMs) return clock.sleep(durationMs, signal);
    count += 1;
  };
  return { clock: { ...clock, sleep }, count: () => count };
}
