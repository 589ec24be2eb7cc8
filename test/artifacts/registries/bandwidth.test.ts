import { describe, expect, it } from 'vitest';
import { type Bandwidth, scheduleOf } from '../../../src/artifacts/registries/bandwidth.ts';
import { parseRate } from '../../../src/core/rate.ts';

/** 2030-01-01 is a Tuesday. Local time, as windows are. */
const at = (day: number, hours: number, minutes = 0): number =>
  new Date(2030, 0, day, hours, minutes).getTime();

const rateAt = (bandwidth: Bandwidth, moment: number): number =>
  scheduleOf(bandwidth)?.(moment) ?? Infinity;

describe('a bandwidth', () => {
  it('limits nothing when it says nothing', () => {
    expect(scheduleOf(undefined)).toBeNull();
    expect(scheduleOf({ connections: 4 })).toBeNull();
    expect(scheduleOf({ limit: 'unlimited' })).toBeNull();
  });

  it('takes the first window that fits, else its limit', () => {
    const bandwidth: Bandwidth = {
      limit: '10MB/s',
      windows: [
        { days: ['tue'], from: '09:00', to: '10:00', limit: 'paused' },
        { from: '08:00', to: '18:00', limit: '2 MB/s' },
      ],
    };
    expect(rateAt(bandwidth, at(1, 7, 59))).toBe(10_000_000);
    expect(rateAt(bandwidth, at(1, 8))).toBe(2_000_000);
    expect(rateAt(bandwidth, at(1, 9, 30))).toBe(0);
    expect(rateAt(bandwidth, at(2, 9, 30))).toBe(2_000_000);
    expect(rateAt(bandwidth, at(1, 18))).toBe(10_000_000);
  });

  it('lets a window go on over midnight, from the days on which it begins', () => {
    const bandwidth: Bandwidth = {
      limit: '1MB/s',
      windows: [{ days: ['tue', 'sat'], from: '22:00', to: '06:00', limit: 'unlimited' }],
    };
    expect(rateAt(bandwidth, at(1, 23))).toBe(Infinity);
    expect(rateAt(bandwidth, at(2, 5, 59))).toBe(Infinity);
    expect(rateAt(bandwidth, at(2, 6))).toBe(1_000_000);
    expect(rateAt(bandwidth, at(2, 23))).toBe(1_000_000);
    expect(rateAt(bandwidth, at(6, 3))).toBe(Infinity); // the night to Sunday
    expect(rateAt(bandwidth, at(1, 3))).toBe(1_000_000);
  });

  it('covers a whole day when it ends as it begins', () => {
    const bandwidth: Bandwidth = {
      windows: [{ days: ['tue'], from: '12:00', to: '12:00', limit: '1kB/s' }],
    };
    expect(rateAt(bandwidth, at(1, 12))).toBe(1000);
    expect(rateAt(bandwidth, at(2, 11, 59))).toBe(1000);
    expect(rateAt(bandwidth, at(2, 12))).toBe(Infinity);
  });
});

describe('a rate', () => {
  it.each([
    ['10MB/s', 10_000_000],
    ['10 MB', 10_000_000],
    ['1.5 MiB/s', 1_572_864],
    ['500kB/s', 500_000],
    ['2GiB', 2 ** 31],
    ['1 KiB/s', 1024],
    ['paused', 0],
    ['unlimited', Infinity],
  ])('reads %s', (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  it.each(['', '10', '0MB/s', '-1MB', '10mb', '10 Mbit/s', '1e9kB', 'none', '5MB/min'])(
    'refuses %j',
    (text) => {
      expect(parseRate(text)).toBeNull();
    },
  );
});
