// Time that passes only when nothing else can happen: every wait of the program under test ends at
// its own moment, in order, and a day costs as little as a millisecond. Wall time can jump, as
// clocks do; waits are measured on a time of their own that cannot.
import { assert } from '../../src/core/assert.ts';
import type { Clock } from '../../src/io/io.ts';

export interface VirtualClock extends Clock {
  /** Runs work to its end, moving time on whenever everything waits. */
  readonly drive: <T>(work: Promise<T>) => Promise<T>;
  /** Nothing happens for so long. */
  readonly pass: (durationMs: number) => Promise<void>;
  /** The wall clock is set, forwards or backwards; no wait ends by that. */
  readonly jump: (byMs: number) => void;
}

interface Timer {
  readonly at: number;
  readonly sequence: number;
  readonly fire: () => void;
}

interface Ticker {
  readonly periodMs: number;
  readonly onTick: () => void;
  next: number;
}

/** Real work that keeps everything waiting is the loading of modules; more is a hang. */
const idleTurnsMax = 200_000;

export function createVirtualClock(startsAt: number): VirtualClock {
  const timers = new Set<Timer>();
  const tickers = new Set<Ticker>();
  let elapsed = 0;
  let offset = startsAt;
  let sequence = 0;

  const sleep: Clock['sleep'] = (durationMs, signal) =>
    new Promise((resolve, reject) => {
      assert(durationMs >= 0, `a wait of ${durationMs} ms`);
      signal?.throwIfAborted();
      const abort = (): void => {
        timers.delete(timer);
        reject(signal?.reason as Error);
      };
      const fire = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      sequence += 1;
      const timer: Timer = { at: elapsed + durationMs, sequence, fire };
      timers.add(timer);
      signal?.addEventListener('abort', abort, { once: true });
    });

  // They go along with the time; it does not pass on their account.
  const every: Clock['every'] = (periodMs, onTick) => {
    const ticker = { periodMs, onTick, next: elapsed + periodMs };
    tickers.add(ticker);
    return () => void tickers.delete(ticker);
  };
  const tick = (): void => {
    for (const ticker of tickers) {
      if (elapsed < ticker.next) continue;
      ticker.next = elapsed + ticker.periodMs;
      ticker.onTick();
    }
  };

  const fireNext = (): boolean => {
    let next: Timer | null = null;
    for (const timer of timers) {
      const sooner = next === null || timer.at < next.at;
      if (sooner || (timer.at === next?.at && timer.sequence < next.sequence)) next = timer;
    }
    if (next === null) return false;
    timers.delete(next);
    elapsed = Math.max(elapsed, next.at);
    tick();
    next.fire();
    return true;
  };

  const drive = async <T>(work: Promise<T>): Promise<T> => {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    work.then(end, end);
    for (let idleTurns = 0; ; ) {
      await turn();
      if (ended) return work;
      idleTurns = fireNext() ? 0 : idleTurns + 1;
      assert(idleTurns < idleTurnsMax, 'everything waits for something that will never happen');
    }
  };

  return {
    now: () => Math.floor(offset + elapsed),
    elapsed: () => elapsed,
    sleep,
    every,
    drive,
    pass: (durationMs) => drive(sleep(durationMs)),
    jump: (byMs) => {
      offset += byMs;
    },
  };
}

/** All that can run without waiting has run when this resolves. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
