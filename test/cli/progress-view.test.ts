import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { createOutput } from '../../src/cli/output.ts';
import { createProgressView, type ProgressView } from '../../src/cli/progress-view.ts';
import type { Plan } from '../../src/core/plan.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { changes, emptyPlan, fullPlan, load, pull } from '../render/plan-values.ts';
import {
  type BufferOptions,
  type BufferTerminal,
  createBufferTerminal,
} from './buffer-terminal.ts';

interface Shown {
  readonly view: ProgressView;
  readonly terminal: BufferTerminal;
  readonly clock: FakeClock;
}

function show(flags: readonly string[] = [], options: BufferOptions = {}): Shown {
  const terminal = createBufferTerminal(options);
  const clock = createFakeClock(Date.UTC(2030, 0, 1), 'manual');
  const given = parseArguments(['apply', '-f', 'x', ...flags]);
  if (!given.ok) throw new Error('the flags are wrong');
  const output = createOutput({
    terminal,
    given: given.value,
    version: '1.2.3',
    program: 'modelctl',
  });
  const view = createProgressView({ output, terminal, clock, showPlan: true });
  return { view, terminal, clock };
}

const planOf = (...actions: Plan['actions']): Plan => ({ ...emptyPlan, actions });
const [pulled] = changes.entries;
if (pulled === undefined) throw new Error('there is an entry');

describe('a run that is watched', () => {
  test('tells what it was told, such as an engine chosen, also when there is nothing to do', () => {
    const { view, terminal } = show();
    view.report({ kind: 'note', text: 'An engine was chosen.' });
    view.report({ kind: 'planned', plan: emptyPlan });
    view.end();
    expect([terminal.out(), terminal.err()]).toEqual(['', 'An engine was chosen.\n']);
  });

  test('says nothing of itself when there is nothing to do', () => {
    const { view, terminal } = show();
    view.report({ kind: 'planned', plan: emptyPlan });
    view.end();
    expect([terminal.out(), terminal.err()]).toEqual(['', '']);
  });

  test('tells what it was told before the plan, then the plan, then each action as it ends', () => {
    const { view, terminal } = show();
    view.report({ kind: 'note', text: 'An engine was chosen.' });
    view.report({ kind: 'planned', plan: planOf(pull) });
    view.report({ kind: 'started', action: pull, attempt: 1 });
    view.report({ kind: 'finished', entry: pulled });
    view.end();
    expect(terminal.err()).toMatch(
      /^An engine was chosen\.\nPlan: 1 to pull\.[\s\S]*\npull qwen3:8b \(coder\)\n$/,
    );
    expect(terminal.out()).toBe('pulled     qwen3:8b (coder)  5.2 GB in 1m02s\n');
  });

  test('keeps quiet about everything but results when asked to', () => {
    const { view, terminal } = show(['-q']);
    view.report({ kind: 'planned', plan: fullPlan });
    view.report({ kind: 'started', action: pull, attempt: 1 });
    view.report({ kind: 'finished', entry: pulled });
    view.end();
    expect(terminal.err()).toBe('');
    expect(terminal.out()).toMatch(/^pulled /);
  });

  test('is data and nothing else when streamed, and bytes are told a few times a second', () => {
    const { view, terminal } = show(['--json'], { isTty: true });
    view.report({ kind: 'planned', plan: fullPlan });
    for (let completedBytes = 0; completedBytes < 100; completedBytes += 1) {
      view.report({ kind: 'bytes', action: pull.id, completedBytes, totalBytes: 100 });
    }
    view.report({ kind: 'bytes', action: pull.id, completedBytes: 100, totalBytes: 100 });
    view.end();
    const types = terminal
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly type: string }).type);
    expect(types).toEqual(['version', 'planned', 'bytes', 'bytes']);
    expect(terminal.err()).toBe('');
  });
});

describe('on a terminal', () => {
  test('a long look shows a sign of life, which goes when the plan is there', async () => {
    const { view, terminal, clock } = show([], { isTty: true });
    await clock.advance(150);
    expect(terminal.err()).toBe('Looking at the engines …\n');
    view.report({ kind: 'planned', plan: emptyPlan });
    await clock.advance(100);
    view.end();
    expect(terminal.err()).toBe('Looking at the engines …\n\u001b[1A\u001b[0J');
  });

  test('bars are redrawn in place, and are gone before a result is printed', async () => {
    const { view, terminal, clock } = show([], { isTty: true, columns: 100 });
    view.report({ kind: 'planned', plan: planOf(pull, load) });
    view.report({ kind: 'started', action: pull, attempt: 1 });
    await clock.advance(150);
    view.report({
      kind: 'bytes',
      action: pull.id,
      completedBytes: 1_000_000_000,
      totalBytes: 5_225_388_164,
    });
    await clock.advance(100);
    view.report({ kind: 'finished', entry: pulled });
    view.end();
    const frames = terminal.err().split('\u001b[1A\u001b[0J');
    expect(frames).toHaveLength(3);
    expect(frames[1]).toContain('19%');
    expect(frames[2]).toBe('');
  });

  test('as many draws as there is time for, however many events come', async () => {
    const { view, terminal, clock } = show([], { isTty: true });
    view.report({ kind: 'planned', plan: planOf(pull) });
    view.report({ kind: 'started', action: pull, attempt: 1 });
    for (let step = 0; step < 1000; step += 1) {
      view.report({
        kind: 'bytes',
        action: pull.id,
        completedBytes: step * 5_000_000,
        totalBytes: 5_225_388_164,
      });
      await clock.advance(1);
    }
    view.end();
    expect(terminal.err().split('\u001b[1A').length).toBeLessThanOrEqual(12);
  });
});

describe('colours', () => {
  const coloured = (flags: readonly string[], options: BufferOptions): boolean => {
    const { view, terminal } = show(flags, options);
    view.report({ kind: 'planned', plan: planOf(pull) });
    view.end();
    return terminal.err().includes('\u001b[3');
  };

  test('are for terminals, unless NO_COLOR, --no-color or a dumb terminal says otherwise', () => {
    expect(coloured([], { isTty: true })).toBe(true);
    expect(coloured([], { isTty: false })).toBe(false);
    expect(coloured(['--no-color'], { isTty: true })).toBe(false);
    expect(coloured([], { isTty: true, environment: { NO_COLOR: '1' } })).toBe(false);
    expect(coloured([], { isTty: true, environment: { NO_COLOR: '' } })).toBe(true);
    expect(coloured([], { isTty: true, environment: { TERM: 'dumb' } })).toBe(false);
  });
});
