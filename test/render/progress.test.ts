import { describe, expect, test } from 'vitest';
import { warningProblem } from '../../src/core/problem.ts';
import type { ProgressEvent } from '../../src/core/progress.ts';
import {
  advance,
  etaMs,
  noProgress,
  type ProgressState,
  rateOf,
  totalOf,
} from '../../src/render/progress.ts';
import { renderBars } from '../../src/render/progress-bars.ts';
import { renderEventLine } from '../../src/render/progress-lines.ts';
import { displayWidth } from '../../src/render/width.ts';
import { create, fullPlan, load, pull } from './plan-values.ts';

type Step = readonly [atMs: number, event: ProgressEvent];

const half = pull.bytes.download / 2;
const bytes = (completedBytes: number): ProgressEvent => ({
  kind: 'bytes',
  action: pull.id,
  completedBytes,
  totalBytes: pull.bytes.download,
});
const begun: readonly Step[] = [
  [0, { kind: 'planned', plan: fullPlan }],
  [0, { kind: 'started', action: pull, attempt: 1 }],
];
const after = (...steps: readonly Step[]): ProgressState =>
  [...begun, ...steps].reduce((state, [at, event]) => advance(state, event, at), noProgress);
const draw = (state: ProgressState, now: number, columns = 120): string =>
  renderBars(state, now, { columns }).join('\n');

describe('progress', () => {
  test('has a rate once there are two figures that lie apart', () => {
    const state = after([1000, bytes(0)], [3000, bytes(2_000_000)]);
    expect(rateOf(state.running.get(pull.id) ?? never(), 3000)).toBe(1_000_000);
    expect(rateOf(after([1000, bytes(0)]).running.get(pull.id) ?? never(), 1100)).toBeNull();
  });

  test('forgets a rate that is older than some seconds, so that a stall shows', () => {
    const state = after([0, bytes(0)], [1000, bytes(10_000_000)], [20_000, bytes(10_000_000)]);
    expect(rateOf(state.running.get(pull.id) ?? never(), 21_000)).toBe(0);
    expect(etaMs(1000, 0)).toBeNull();
  });

  test('measures anew when a transfer starts over', () => {
    const state = after(
      [0, bytes(0)],
      [1000, bytes(half)],
      [2000, bytes(100)],
      [3000, bytes(1100)],
    );
    expect(rateOf(state.running.get(pull.id) ?? never(), 3000)).toBe(1000);
  });

  test('counts what was there before as neither done nor to do', () => {
    const resumed: ProgressEvent = {
      kind: 'bytes',
      action: pull.id,
      completedBytes: pull.bytes.download * 2,
      totalBytes: pull.bytes.download * 3,
    };
    expect(totalOf(after([1, resumed]), 1)).toMatchObject({
      completedBytes: 0,
      totalBytes: pull.bytes.download,
    });
  });

  test('keeps a bounded number of figures, however often it is told', () => {
    let state = after();
    for (let at = 0; at < 100_000; at += 10) state = advance(state, bytes(at), at);
    expect(state.running.get(pull.id)?.samples.length).toBeLessThanOrEqual(64);
  });
});

describe('bars', () => {
  test('show bytes, rate and time left of each transfer and of all together', () => {
    const other: ProgressEvent = {
      kind: 'started',
      action: { ...pull, id: 'other', name: 'llama3:latest' },
      attempt: 1,
    };
    const state = after(
      [0, other],
      [0, bytes(0)],
      [0, { kind: 'bytes', action: 'other', completedBytes: 0, totalBytes: 1000 }],
      [4000, bytes(half)],
      [4000, { kind: 'started', action: load, attempt: 1 }],
    );
    expect(draw(state, 5000)).toMatchInlineSnapshot(`
      "pull   qwen3:8b (coder)       ━━━━━━━━━━──────────   50%  2.6 GB of 5.2 GB  522.5 MB/s  5s left
      pull   llama3:latest (coder)  ────────────────────    0%  0 B of 1.0 kB  0 B/s
      load   starter                1.0s
      total                         ━━━━━━━━━━──────────   50%  2.6 GB of 5.2 GB  522.5 MB/s  5s left"
    `);
  });

  test('say when a failed attempt is repeated', () => {
    const problem = warningProblem({ code: 'a/b', summary: 'Cut', detail: 'Cut.' });
    const state = after([0, { kind: 'retrying', action: pull.id, problem, delayMs: 4000 }]);
    expect(draw(state, 1000)).toMatchInlineSnapshot(`"pull   qwen3:8b (coder)  again in 3s"`);
  });

  test('are gone when nothing runs', () => {
    expect(renderBars(noProgress, 0, { columns: 80 })).toEqual([]);
  });

  test.each([120, 80, 60, 30, 5])('fit a terminal of %i columns', (columns) => {
    const state = after([0, bytes(0)], [4000, bytes(half)]);
    for (const line of draw(state, 5000, columns).split('\n')) {
      expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  test('are few, however much runs', () => {
    let state = after();
    for (let index = 0; index < 50; index += 1) {
      state = advance(
        state,
        { kind: 'started', action: { ...pull, id: `p${index}` }, attempt: 1 },
        0,
      );
    }
    const lines = draw(state, 0).split('\n');
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe('and 43 more');
  });
});

describe('lines of a log', () => {
  const lines = (...steps: readonly Step[]): readonly string[] => {
    let state = noProgress;
    const told: string[] = [];
    for (const [at, event] of [...begun, ...steps]) {
      const before = state;
      state = advance(state, event, at);
      const line = renderEventLine(event, before, state, at);
      if (line !== null) told.push(line);
    }
    return told;
  };

  test('tell each tenth of a transfer once', () => {
    const steps = Array.from(
      { length: 101 },
      (_, index): Step => [index * 1000, bytes((pull.bytes.download * index) / 100)],
    );
    expect(lines(...steps)).toHaveLength(11);
    expect(lines(...steps).at(-1)).toMatchInlineSnapshot(
      `"pull qwen3:8b (coder): 100% of 5.2 GB, 52.3 MB/s"`,
    );
  });

  test('tell notes, problems, beginnings, repeated attempts and waits', () => {
    const problem = warningProblem({
      code: 'a/b',
      summary: 'Cut',
      detail: 'The connection was cut.',
    });
    expect(
      lines(
        [1, { kind: 'note', text: 'A note\u0007' }],
        [1, { kind: 'problem', problem }],
        [1, { kind: 'retrying', action: pull.id, problem, delayMs: 1500 }],
        [2, { kind: 'started', action: pull, attempt: 2 }],
        [3, { kind: 'started', action: create, attempt: 1 }],
      ).join('\n'),
    ).toMatchInlineSnapshot(`
      "pull qwen3:8b (coder)
      A note\\x07
      warning: Cut [a/b]
        The connection was cut.
      pull qwen3:8b (coder): again in 1.5s: The connection was cut.
      pull qwen3:8b (coder): attempt 2
      create coder:latest"
    `);
  });
});

function never(): never {
  throw new Error('the action runs');
}
