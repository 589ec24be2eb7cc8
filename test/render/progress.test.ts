import { describe, expect, test } from 'vitest';
import { warningProblem } from '../../src/core/problem.ts';
import type { ProgressEvent, Wait } from '../../src/core/progress.ts';
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

  const wait = (at: number, because: Wait['because'], until: number | null): Step => [
    at,
    { kind: 'waiting', action: pull.id, wait: { because, until, detail: 'models.example.com' } },
  ];

  test.each([
    ['asked', 40_000, 'waits 35s: asked by the server'],
    ['bandwidth', 40_000, 'waits 35s: bandwidth limit'],
    ['retry', 40_000, 'again in 35s'],
    ['paused', Date.UTC(1970, 0, 1, 6, 0), 'paused until 06:00'],
    ['paused', Date.UTC(1970, 0, 4, 6, 0), 'paused until Sun 06:00'],
    ['paused', null, 'paused'],
  ] as const)('say what waits: %s', (because, until, said) => {
    const state = after([0, bytes(0)], [2000, bytes(half)], wait(3000, because, until));
    expect(draw(state, 5000)).toBe(
      `pull   qwen3:8b (coder)  ━━━━━━━━━━──────────   50%  2.6 GB of 5.2 GB  ${said}`,
    );
  });

  test('say nothing of a wait that is over, or beside which others get on', () => {
    const waiting = [[0, bytes(0)], [2000, bytes(half)], wait(3000, 'asked', 40_000)] as const;
    expect(draw(after(...waiting), 41_000)).not.toContain('waits');
    expect(draw(after(...waiting, [4800, bytes(half + 1)]), 5000)).not.toContain('waits');
  });

  test('show the file of several where there is room', () => {
    if (pull.kind !== 'pull') throw new Error('it is a pull');
    const [only] = pull.artifact.files;
    const files = [only, only].flatMap((one) => (one === undefined ? [] : [one]));
    const many = { ...pull, artifact: { ...pull.artifact, files } };
    const file = { path: 'part-2.gguf', completedBytes: 1, totalBytes: 2 };
    const told: ProgressEvent = {
      kind: 'bytes',
      action: pull.id,
      completedBytes: half,
      totalBytes: pull.bytes.download,
      file,
    };
    const state = after([0, { kind: 'started', action: many, attempt: 1 }], [2000, told]);
    expect(draw(state, 5000)).toMatch(/2\.6 GB of 5\.2 GB .* {2}part-2\.gguf$/);
    expect(draw(state, 5000, 80)).not.toContain('part-2');
    expect(draw(after([2000, told]), 5000)).not.toContain('part-2');
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
        [
          4,
          {
            kind: 'waiting',
            action: pull.id,
            wait: { because: 'asked', until: 38_004, detail: 'models.example.com' },
          },
        ],
      ).join('\n'),
    ).toMatchInlineSnapshot(`
      "pull qwen3:8b (coder)
      A note\\x07
      warning: Cut [a/b]
        The connection was cut.
      pull qwen3:8b (coder): again in 1.5s: The connection was cut.
      pull qwen3:8b (coder): attempt 2
      create coder:latest
      pull qwen3:8b (coder): waits 38s: asked by the server (models.example.com)"
    `);
  });
});

function never(): never {
  throw new Error('the action runs');
}
