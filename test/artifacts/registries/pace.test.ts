import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  burstMs,
  createPace,
  emptyBucket,
  pacedHttp,
  reserve,
} from '../../../src/artifacts/registries/pace.ts';
import type { Http } from '../../../src/io/io.ts';
import { createFakeClock } from '../../fakes/clock.ts';

const chunkBytes = 128 * 1024;
const start = Date.UTC(2030, 0, 1);

describe('a reservation', () => {
  const wishes = fc.array(
    fc.record({ afterMs: fc.nat(500), bytes: fc.integer({ min: 1, max: 1_000_000 }) }),
    { minLength: 1, maxLength: 100 },
  );

  it('lets no more pass in any span of time than the rate and one burst', () => {
    fc.assert(
      fc.property(wishes, fc.integer({ min: 1_000, max: 50_000_000 }), (list, rate) => {
        let bucket = emptyBucket;
        let nowMs = start;
        const passed: { readonly atMs: number; readonly bytes: number }[] = [];
        for (const { afterMs, bytes } of list) {
          nowMs += afterMs;
          const reserved = reserve(bucket, { nowMs, rate, bytes });
          bucket = reserved.bucket;
          passed.push({ atMs: nowMs + reserved.delayMs, bytes });
        }
        for (const [index, first] of passed.entries()) {
          let bytes = 0;
          for (const one of passed.slice(index)) {
            // The last one of a span begins to pass in it; it need not be through.
            const allowed = (rate * (one.atMs - first.atMs + burstMs)) / 1000;
            expect(bytes).toBeLessThanOrEqual(allowed + 1);
            bytes += one.bytes;
          }
        }
      }),
    );
  });

  it('makes nobody wait for the time that a clock was set back', () => {
    const reserved = reserve(emptyBucket, { nowMs: start, rate: 1000, bytes: 5000 });
    const back = reserve(reserved.bucket, { nowMs: start - 3_600_000, rate: 1000, bytes: 1 });
    expect(back.delayMs).toBeLessThanOrEqual(5_000);
  });
});

describe('a pace', () => {
  it('holds 10 MB/s within five percent over 20 s with 16 connections, evenly', async () => {
    const clock = createFakeClock(start, 'auto');
    const rate = 10_000_000;
    const pace = createPace(() => rate, clock);
    const bytes = Array.from({ length: 16 }, () => 0);
    const connection = async (_: number, index: number): Promise<void> => {
      for (;;) {
        await pace.take(chunkBytes, 'bulk');
        if (clock.now() - start >= 20_000) return;
        bytes[index] = (bytes[index] ?? 0) + chunkBytes;
      }
    };
    await Promise.all(bytes.map(connection));
    const total = bytes.reduce((sum, one) => sum + one, 0);
    expect(Math.abs(total / (rate * 20) - 1)).toBeLessThan(0.05);
    expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThanOrEqual(2 * chunkBytes);
  });

  it('waits out a pause with what is bulk, and lets small things pass', async () => {
    const clock = createFakeClock(start, 'manual');
    const ends = start + 90_000;
    const pace = createPace((nowMs) => (nowMs < ends ? 0 : Infinity), clock);
    await pace.take(1000, 'small');
    let passed = false;
    const bulk = pace.take(1000, 'bulk').then(() => {
      passed = true;
    });
    await clock.advance(89_000);
    expect(passed).toBe(false);
    await clock.advance(31_000);
    await bulk;
    expect(passed).toBe(true);
  });

  it('ends a wait with the signal', async () => {
    const clock = createFakeClock(start, 'manual');
    const pace = createPace(() => 1000, clock);
    const controller = new AbortController();
    await pace.take(1_000_000, 'bulk');
    const waiting = pace.take(1, 'bulk', controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});

describe('a paced port', () => {
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let chunk = 0; chunk < 10; chunk += 1) yield new Uint8Array(1000);
  };
  const http: Http = { request: async () => ({ status: 200, headers: {}, body: chunks() }) };

  it('is the port itself where nothing is limited', () => {
    expect(pacedHttp(http, [])).toBe(http);
  });

  it('keeps to the slowest of its paces', async () => {
    const clock = createFakeClock(start, 'auto');
    const paces = [1_000, 100_000].map((rate) => createPace(() => rate, clock));
    const { body } = await pacedHttp(http, paces).request({
      method: 'GET',
      url: 'https://files.example/a',
      timeoutMs: 1,
    });
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    expect(bytes).toBe(10_000);
    const tookMs = clock.now() - start;
    expect(tookMs).toBeGreaterThan(8_000);
    expect(tookMs).toBeLessThan(11_000);
  });
});
