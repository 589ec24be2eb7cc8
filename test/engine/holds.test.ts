import { describe, expect, test } from 'vitest';
import { holdsOf, keepAliveMsDefault } from '../../src/engine/holds.ts';

const start = 1_000_000;

function holdsAt() {
  let now = start;
  const holds = holdsOf(() => now);
  const pass = (durationMs: number): void => {
    now += durationMs;
  };
  return { holds, pass };
}

describe('a hold', () => {
  test('lasts for its time, five minutes unless told otherwise', () => {
    const { holds, pass } = holdsAt();
    holds.hold('one', undefined);
    expect(holds.list()).toEqual([{ name: 'one', expiresAt: start + keepAliveMsDefault }]);
    pass(keepAliveMsDefault - 1);
    expect(holds.any()).toBe(true);
    pass(1);
    expect(holds.any()).toBe(false);
  });

  test('for ever lasts until it is released', () => {
    const { holds, pass } = holdsAt();
    holds.hold('one', 'forever');
    pass(1e15);
    expect(holds.any()).toBe(true);
    expect(holds.lapses()).toBe(false);
    holds.release('one');
    expect(holds.any()).toBe(false);
  });

  test('of no time is over at once', () => {
    const { holds } = holdsAt();
    holds.hold('one', 0);
    expect(holds.any()).toBe(false);
    expect(holds.has('one')).toBe(true);
  });

  test('can be shortened by a load, and only extended by a request', () => {
    const { holds } = holdsAt();
    holds.hold('one', 'forever');
    holds.hold('one', 1000, 'extend');
    expect(holds.list()).toEqual([{ name: 'one', expiresAt: 'never' }]);
    holds.hold('one', 1000);
    holds.hold('one', 500, 'extend');
    expect(holds.list()).toEqual([{ name: 'one', expiresAt: start + 1000 }]);
    holds.hold('one', 2000, 'extend');
    expect(holds.list()).toEqual([{ name: 'one', expiresAt: start + 2000 }]);
  });

  test('of one name says nothing of another', () => {
    const { holds } = holdsAt();
    holds.hold('one', 'forever');
    holds.hold('two', 1000);
    holds.release('one');
    expect(holds.names()).toEqual(['two']);
    expect(holds.lapses()).toBe(true);
  });

  test('calls back when the next one is over, once for what was asked last', async () => {
    const holds = holdsOf();
    holds.hold('one', 5);
    const called: string[] = [];
    holds.onNextExpiry(() => called.push('never'));
    await new Promise<void>((resolve) => {
      holds.onNextExpiry(() => {
        called.push('once');
        resolve();
      });
    });
    expect(called).toEqual(['once']);
    holds.stop();
  });
});
