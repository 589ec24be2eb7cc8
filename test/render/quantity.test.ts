import { describe, expect, test } from 'vitest';
import {
  count,
  formatBytes,
  formatBytesOrUnknown,
  formatDuration,
  formatRemaining,
  joinWords,
} from '../../src/render/quantity.ts';

describe('figures for people', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [224_672, '224.7 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [5_225_388_164, '5.2 GB'],
    [-2_000_000_000, '-2.0 GB'],
    [3e15, '3.0 PB'],
    [9e18, '9000.0 PB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('an unknown figure is not zero', () => {
    expect(formatBytesOrUnknown(null)).toBe('unknown');
    expect(formatBytesOrUnknown(0)).toBe('0 B');
  });

  test.each([
    [-5, '0ms'],
    [40, '40ms'],
    [1240, '1.2s'],
    [9960, '10s'],
    [59_600, '1m00s'],
    [125_000, '2m05s'],
    [3_720_000, '1h02m'],
    [273_600_000, '3d04h'],
  ])('%i ms are %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  test('what is left is told in whole seconds, and is never nothing', () => {
    expect([0, 947, 1001, 61_000].map(formatRemaining)).toEqual(['1s', '1s', '2s', '1m01s']);
  });

  test('counts and lists read as sentences', () => {
    expect([count(1, 'entry', 'entries'), count(2, 'entry', 'entries')]).toEqual([
      '1 entry',
      '2 entries',
    ]);
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(joinWords)).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});
