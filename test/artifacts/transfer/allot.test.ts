import { describe, expect, it } from 'vitest';
import { allot } from '../../../src/artifacts/transfer/allot.ts';
import type { Spans } from '../../../src/core/span.ts';

const mebibyte = 1024 * 1024;
const large: Spans = [[0, 1024 * mebibyte]];

const stretchOf = (missing: Spans, pace: Parameters<typeof allot>[2]): number => {
  const { span } = allot(missing, 16, pace) ?? { span: [0, 0] };
  return (span[1] - span[0]) / mebibyte;
};

describe('a stretch of a large file', () => {
  it('is small where requests are cheap, so that the hash can follow', () => {
    expect(stretchOf(large, null)).toBe(4);
    expect(stretchOf(large, { waitMs: 1, bytesPerMs: mebibyte / 16 })).toBe(4);
  });

  it('takes far longer than the wait at its start', () => {
    expect(stretchOf(large, { waitMs: 50, bytesPerMs: mebibyte / 64 })).toBe(50 * (20 / 64));
  });

  it('is no larger than its share of what is missing', () => {
    expect(stretchOf(large, { waitMs: 1000, bytesPerMs: mebibyte })).toBe(32);
    expect(stretchOf([[0, 64 * mebibyte]], { waitMs: 1000, bytesPerMs: mebibyte })).toBe(2);
  });

  it('takes with it what is not worth a request of its own', () => {
    expect(stretchOf([[0, 1.5 * mebibyte]], null)).toBe(1.5);
  });
});
