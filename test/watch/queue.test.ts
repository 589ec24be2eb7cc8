import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ask,
  type Ending,
  emptyQueue,
  end,
  forget,
  nextDueAt,
  type Queue,
  start,
} from '../../src/watch/queue.ts';

const times = { intervalMs: 60_000, backoffMsFirst: 1_000 };
const after = (
  ending: Ending,
  { queue, now = 0, fraction = 0.5 }: { queue: Queue; now?: number; fraction?: number },
): Queue => end(queue, 'a', ending, { now, fraction, times });
const running = (): Queue => start(ask(emptyQueue, 'a', 0), 0).queue;
const failing: Ending = { kind: 'failed', ceilingMs: 900_000 };

describe('a piece of work', () => {
  test('that is asked for while it runs is done once more, however often it was asked', () => {
    let queue = ask(ask(running(), 'a', 1), 'a', 2);
    expect(start(queue, 5).started).toEqual([]);
    queue = after({ kind: 'done' }, { queue, now: 7 });
    expect(nextDueAt(queue)).toBe(7);
    queue = after({ kind: 'done' }, { queue: start(queue, 7).queue, now: 8 });
    expect(nextDueAt(queue)).toBe(60_008);
  });

  test('that was forgotten while it ran does not come back', () => {
    expect(after({ kind: 'done' }, { queue: forget(running(), 'a') })).toEqual(emptyQueue);
  });

  test('waits a tenth more or less than the interval', () => {
    for (const [fraction, dueAt] of [
      [0, 54_000],
      [0.5, 60_000],
      [1, 66_000],
    ] as const) {
      expect(nextDueAt(after({ kind: 'done' }, { queue: running(), fraction }))).toBeCloseTo(dueAt);
    }
  });
});

describe('failures', () => {
  test('double the ceiling of the wait up to the last one, and a success forgets them', () => {
    let queue = running();
    const ceilings: number[] = [];
    for (let count = 0; count < 12; count += 1) {
      queue = after(failing, { queue, fraction: 1 });
      ceilings.push(nextDueAt(queue) ?? 0);
      queue = start(queue, Number.MAX_SAFE_INTEGER).queue;
    }
    expect(ceilings.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(ceilings.at(-1)).toBe(900_000);
    queue = start(after({ kind: 'done' }, { queue }), Number.MAX_SAFE_INTEGER).queue;
    expect(nextDueAt(after(failing, { queue, fraction: 1 }))).toBe(1_000);
  });

  test('heed how long they are asked to wait, and do not storm', () => {
    const asked: Ending = { ...failing, retryAfterMs: 30_000 };
    expect(nextDueAt(after(asked, { queue: running(), fraction: 0 }))).toBe(30_000);
    expect(nextDueAt(after(failing, { queue: running(), fraction: 0 }))).toBe(100);
    const forever: Ending = { ...failing, retryAfterMs: 1e12 };
    expect(nextDueAt(after(forever, { queue: running() }))).toBe(3_600_000);
  });

  test('wait no longer once somebody asks', () => {
    const queue = after(failing, { queue: running(), fraction: 1 });
    expect(start(ask(queue, 'a', 3), 3).started).toEqual(['a']);
  });
});

type Step =
  | { readonly do: 'ask' | 'forget'; readonly key: string }
  | { readonly do: 'end'; readonly key: string; readonly ending: Ending; readonly fraction: number }
  | { readonly do: 'pass'; readonly ms: number };

const key = fc.constantFrom('set', 'one', 'two');
const ending = fc.oneof(
  fc.constant<Ending>({ kind: 'done' }),
  fc.nat({ max: 5_000 }).map((delayMs): Ending => ({ kind: 'soon', delayMs })),
  fc
    .record({ ceilingMs: fc.nat({ max: 900_000 }), retryAfterMs: fc.nat({ max: 10_000_000 }) })
    .map((wait): Ending => ({ kind: 'failed', ...wait })),
);
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('ask' as const, 'forget' as const), key }),
    fc.record({
      do: fc.constant('end' as const),
      key,
      ending,
      fraction: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 100_000 }) }),
  ),
  { maxLength: 60 },
);

describe('whatever happens', () => {
  test('nothing runs twice at a time, nothing that was asked for is lost, every wait is bounded', () => {
    fc.assert(
      fc.property(steps, (list: readonly Step[]) => {
        let queue: Queue = emptyQueue;
        let now = 0;
        const runs = new Set<string>();
        const owed = new Set<string>();
        for (const step of list) {
          if (step.do === 'pass') now += step.ms;
          if (step.do === 'ask') {
            queue = ask(queue, step.key, now);
            owed.add(step.key);
          }
          if (step.do === 'forget') {
            queue = forget(queue, step.key);
            owed.delete(step.key);
            runs.delete(step.key);
          }
          if (step.do === 'end' && runs.has(step.key)) {
            const { ending: how, fraction } = step;
            queue = end(queue, step.key, how, { now, fraction, times });
            runs.delete(step.key);
            const dueAt = queue.get(step.key)?.dueAt ?? 0;
            expect(dueAt - now).toBeLessThanOrEqual(owed.has(step.key) ? 0 : 3_600_000);
          }
          const { queue: next, started } = start(queue, now);
          for (const one of started) {
            expect(runs.has(one)).toBe(false);
            runs.add(one);
            owed.delete(one);
          }
          queue = next;
          for (const one of owed) expect(runs.has(one)).toBe(true);
          for (const [one, work] of queue) expect(work.isRunning).toBe(runs.has(one));
          expect(queue.size).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
