// How long a server asks to stay away, from the headers that say so.

/** Longer than a server means in earnest; also bounds what is computed with it. */
const waitMsMax = 7 * 24 * 3_600_000;

/** Null when it does not say. Never negative. */
export function askedWaitMs(
  headers: Readonly<Record<string, string>>,
  nowMs: number,
): number | null {
  const after = headers['retry-after']?.trim();
  if (after !== undefined && /^\d{1,9}$/.test(after)) return bounded(Number(after) * 1000);
  const date = after === undefined ? Number.NaN : Date.parse(after);
  if (!Number.isNaN(date)) return bounded(date - nowMs);
  // `"api";r=0;t=55`: nothing remains for 55 seconds.
  const reset = /(?:^|[;,\s])t=(\d{1,9})\b/.exec(headers['ratelimit'] ?? '')?.[1];
  return reset === undefined ? null : bounded(Number(reset) * 1000);
}

const bounded = (waitMs: number): number => Math.min(Math.max(0, waitMs), waitMsMax);
