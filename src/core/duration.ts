// Durations as people write them in manifests and flags: `10m`, `1h30m`, `500ms`; `-1` is for ever.

const unitsMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Milliseconds, `forever` for `-1`, or null when `text` is no duration. */
export function parseDuration(text: string): number | 'forever' | null {
  if (text === '-1') return 'forever';
  if (text === '0') return 0;
  const match = /^(?:([\d.]+)h)?(?:([\d.]+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?$/.exec(text);
  if (match === null || text === '') return null;
  const [, hours, minutes, seconds, millis] = match;
  const total =
    Number(hours ?? 0) * unitsMs.h +
    Number(minutes ?? 0) * unitsMs.m +
    Number(seconds ?? 0) * unitsMs.s +
    Number(millis ?? 0) * unitsMs.ms;
  return Number.isFinite(total) ? Math.round(total) : null;
}
