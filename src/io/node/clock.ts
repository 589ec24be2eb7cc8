// Wall time, and waiting for it. A wait keeps the process alive: whoever asked for it means to go
// on afterwards.
import { assert } from '../../core/assert.ts';
import type { Clock } from '../io.ts';

/** Node fires a timer at once when its delay does not fit in 31 bits; longer waits go in pieces. */
const timerMsMax = 2 ** 31 - 1;

export const createNodeClock = (): Clock => ({
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep,
  every,
});

async function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
  assert(durationMs >= 0, `a wait of ${durationMs} ms`);
  let leftMs = durationMs;
  do {
    const pieceMs = Math.min(leftMs, timerMsMax);
    await sleepPiece(pieceMs, signal);
    leftMs -= pieceMs;
  } while (leftMs > 0);
}

function every(periodMs: number, onTick: () => void): () => void {
  const timer = setInterval(onTick, periodMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function sleepPiece(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const timer = setTimeout(wake, durationMs);
  signal?.addEventListener('abort', wake, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', wake);
  signal?.throwIfAborted();
}
