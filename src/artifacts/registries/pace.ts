// Keeps transfers to a rate: a token bucket, written as the moment at which all that was let through
// so far has passed. `reserve` is the pure core; a pace is what connections share. Who asks first
// goes first, and nobody has more than one chunk under way, so that connections share evenly.
import { type OnWait, toldWaitMsMin } from '../../core/progress.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { BytesPerSecond } from '../../core/rate.ts';
import type { Clock, Http } from '../../io/io.ts';

/** What may pass at once after a rest, in time at the rate. */
export const burstMs = 100;

/** How often a pause is looked at for its end. */
const pauseLookMs = 30_000;

export interface Bucket {
  /** All that was let through has passed by then, at the rate. */
  readonly freeAtMs: number;
  readonly seenAtMs: number;
}

export const emptyBucket: Bucket = { freeAtMs: -Infinity, seenAtMs: -Infinity };

/** Pure. So many bytes are to pass: when, as a delay from now. */
export function reserve(
  bucket: Bucket,
  wanted: { readonly nowMs: number; readonly rate: BytesPerSecond; readonly bytes: number },
): { readonly bucket: Bucket; readonly delayMs: number } {
  const { nowMs, rate, bytes } = wanted;
  // A clock that was set back takes what is reserved with it.
  const setBackMs = Math.max(0, bucket.seenAtMs - nowMs);
  const startMs = Math.max(nowMs - burstMs, bucket.freeAtMs - setBackMs);
  return {
    bucket: { freeAtMs: startMs + (bytes / rate) * 1000, seenAtMs: nowMs },
    delayMs: Math.max(0, startMs - nowMs),
  };
}

export interface Pace {
  /** Comes back when so many bytes may pass. A pause holds bulk only. */
  readonly take: (
    bytes: number,
    kind: Kind,
    signal?: AbortSignal,
    onWait?: OnWait,
  ) => Promise<void>;
}

/** Bulk is what fills a disk; small things, as a manifest, pass in a pause too. */
type Kind = 'bulk' | 'small';

/** `rateAt`: what holds at a moment, in milliseconds since the epoch. */
export function createPace(rateAt: (nowMs: number) => BytesPerSecond, clock: Clock): Pace {
  let bucket = emptyBucket;
  return {
    take: async (bytes, kind, signal, onWait) => {
      let rate = rateAt(clock.now());
      if (rate === 0 && kind === 'bulk') {
        const until = endOfPause(rateAt, clock.now());
        onWait?.({ because: 'paused', until, detail: 'bandwidth' });
      }
      while (rate === 0) {
        if (kind === 'small') return;
        await clock.sleep(pauseLookMs, signal);
        rate = rateAt(clock.now());
      }
      if (rate === Infinity) return;
      const reserved = reserve(bucket, { nowMs: clock.now(), rate, bytes });
      bucket = reserved.bucket;
      if (reserved.delayMs >= toldWaitMsMin) {
        const until = clock.now() + reserved.delayMs;
        onWait?.({ because: 'bandwidth', until, detail: `${formatBytes(rate)}/s` });
      }
      if (reserved.delayMs > 0) await clock.sleep(reserved.delayMs, signal);
    },
  };
}

const minuteMs = 60_000;
const minutesMax = 8 * 24 * 60;

/** Windows begin and end with a minute, and come again each week; null: it has no end. */
function endOfPause(rateAt: (nowMs: number) => BytesPerSecond, nowMs: number): number | null {
  const first = Math.floor(nowMs / minuteMs) * minuteMs;
  for (let minute = 1; minute <= minutesMax; minute += 1) {
    if (rateAt(first + minute * minuteMs) > 0) return first + minute * minuteMs;
  }
  return null;
}

/** The same port, whose bodies keep to all of the paces. Without any, the port itself. */
export function pacedHttp(http: Http, paces: readonly Pace[]): Http {
  if (paces.length === 0) return http;
  return {
    request: async (request) => {
      const kind = request.lendsChunks === true ? 'bulk' : 'small';
      const take = async (bytes: number): Promise<void> => {
        for (const pace of paces) {
          await pace.take(bytes, kind, request.signal, request.onWait);
        }
      };
      // A connection that is made in a pause would only be cut for its silence.
      await take(0);
      const response = await http.request(request);
      return { ...response, body: pacedBody(response.body, take) };
    },
  };
}

// Not a generator: cancelling one that was never begun would leave the connection open.
const pacedBody = (
  body: AsyncIterable<Uint8Array>,
  take: (bytes: number) => Promise<void>,
): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]() {
    const chunks = body[Symbol.asyncIterator]();
    return {
      next: async () => {
        const result = await chunks.next();
        if (result.done !== true) await take(result.value.length);
        return result;
      },
      return: async () => {
        await chunks.return?.();
        return { done: true, value: undefined };
      },
    };
  },
});
