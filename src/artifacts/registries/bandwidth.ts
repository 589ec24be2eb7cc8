// What a declared bandwidth allows at a moment: its limit, or that of the first window that fits.
// Pure; moments are milliseconds since the epoch, windows are in the local time of the machine.
import { type BytesPerSecond, parseRate } from '../../core/rate.ts';
import type { RegistryResource } from '../../core/resource.ts';

export type Bandwidth = NonNullable<RegistryResource['spec']['bandwidth']>;

interface Window {
  /** 0 is Sunday, as in Date. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight; `to` is beyond 1440 where it ends on the next day. */
  readonly from: number;
  readonly to: number;
  readonly rate: BytesPerSecond;
}

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const dayMinutes = 24 * 60;

/** The rate at any moment; null where nothing limits it ever. Expects what the schema has passed. */
export function scheduleOf(
  bandwidth: Bandwidth | undefined,
): ((nowMs: number) => BytesPerSecond) | null {
  const limit = parseRate(bandwidth?.limit ?? 'unlimited') ?? Infinity;
  const windows = (bandwidth?.windows ?? []).map(windowOf);
  if (windows.length === 0) return limit === Infinity ? null : () => limit;
  return (nowMs) => {
    const now = new Date(nowMs);
    const minute = now.getHours() * 60 + now.getMinutes();
    const fitting = windows.find((window) => isWithin(window, now.getDay(), minute));
    return fitting?.rate ?? limit;
  };
}

function windowOf({ days, from, to, limit }: NonNullable<Bandwidth['windows']>[number]): Window {
  const begins = minutesOf(from);
  const ends = minutesOf(to);
  return {
    days: new Set((days ?? weekdays).map((day) => weekdays.indexOf(day))),
    from: begins,
    to: ends > begins ? ends : ends + dayMinutes,
    rate: parseRate(limit) ?? Infinity,
  };
}

const isWithin = ({ days, from, to }: Window, day: number, minute: number): boolean =>
  (days.has(day) && minute >= from && minute < to) ||
  // It began yesterday.
  (days.has((day + 6) % 7) && minute + dayMinutes < to);

function minutesOf(text: string): number {
  const [hours, minutes] = text.split(':');
  return Number(hours) * 60 + Number(minutes);
}
