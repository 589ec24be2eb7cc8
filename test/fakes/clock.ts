// Time that passes only when it is told to, or as soon as everybody waits for it.
import type { Clock } from '../../src/io/io.ts';

export interface FakeClock extends Clock {
  /** Lets so much time pass: sleepers wake in order, each at its own moment. */
  readonly advance: (durationMs: number) => Promise<void>;
  /** How many wait now. */
  readonly sleepers: () => number;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

interface Ticker {
  readonly periodMs: number;
  readonly onTick: () => void;
  next: number;
}

export function createFakeClock(start: number, time: 'auto' | 'manual'): FakeClock {
  let now = start;
  let waking = false;
  const sleepers = new Set<Sleeper>();
  const tickers = new Set<Ticker>();
  // They go along with the time; it does not pass on their account.
  const tick = (): void => {
    for (const ticker of tickers) {
      if (now < ticker.next) continue;
      ticker.next = now + ticker.periodMs;
      ticker.onTick();
    }
  };
  const earliest = (): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (first === undefined || sleeper.until < first.until) first = sleeper;
    }
    return first;
  };
  const wake = (sleeper: Sleeper): void => {
    sleepers.delete(sleeper);
    now = Math.max(now, sleeper.until);
    tick();
    sleeper.wake();
  };
  /** One at a time: whoever wakes may do its work, and wait again, before the next one does. */
  const wakeLater = (): void => {
    if (waking) return;
    waking = true;
    setImmediate(() => {
      waking = false;
      const first = earliest();
      if (first === undefined) return;
      wake(first);
      wakeLater();
    });
  };
  const sleep: Clock['sleep'] = async (durationMs, signal) => {
    signal?.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleeper: Sleeper = { until: now + durationMs, wake: resolve };
    const abort = (): void => {
      sleepers.delete(sleeper);
      resolve();
    };
    sleepers.add(sleeper);
    signal?.addEventListener('abort', abort, { once: true });
    if (time === 'auto') wakeLater();
    await promise;
    signal?.removeEventListener('abort', abort);
    signal?.throwIfAborted();
  };
  const advance: FakeClock['advance'] = async (durationMs) => {
    const end = now + durationMs;
    for (let first = earliest(); first !== undefined && first.until <= end; first = earliest()) {
      wake(first);
      await turn();
    }
    now = end;
    tick();
    await turn();
  };
  const every: Clock['every'] = (periodMs, onTick) => {
    const ticker = { periodMs, onTick, next: now + periodMs };
    tickers.add(ticker);
    return () => void tickers.delete(ticker);
  };
  return {
    now: () => now,
    elapsed: () => now - start,
    sleep,
    every,
    advance,
    sleepers: () => sleepers.size,
  };
}

/** Everything that can go on without waiting has gone on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
