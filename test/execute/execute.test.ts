import { describe, expect, it } from 'vitest';
import type { Performed } from '../../src/backends/backend.ts';
import { type Outcome, outcomeOf } from '../../src/core/changeset.ts';
import type { Action } from '../../src/core/plan.ts';
import { errorProblem } from '../../src/core/problem.ts';
import { actionRetry, type ExecuteContext, execute } from '../../src/execute/execute.ts';
import { createFakeIo } from '../fakes/io.ts';
import { actionOf, planOf } from './actions.ts';

const done = (action: Action): Performed => ({
  outcome: outcomeOf[action.kind],
  digest: null,
  downloadedBytes: 0,
});

const failing = (retry: 'never' | 'later', outcome: Outcome = 'failed'): Performed => ({
  outcome,
  digest: null,
  downloadedBytes: 0,
  problem: errorProblem({ code: 'test/fails', summary: 'It fails', detail: 'It fails.', retry }),
});

function contextOf(
  perform: ExecuteContext['perform'],
  controller = new AbortController(),
): ExecuteContext & { readonly told: string[] } {
  const told: string[] = [];
  return {
    io: createFakeIo(),
    signal: controller.signal,
    report: (event) => {
      if (event.kind === 'started') told.push(`started ${event.action.id} ${event.attempt}`);
      if (event.kind === 'retrying') told.push(`retrying ${event.action}`);
    },
    perform,
    onBegin: (action) => void told.push(`begin ${action.id}`),
    onEnd: ({ action, outcome }) => void told.push(`end ${action.id} ${outcome}`),
    told,
  };
}

const pull = actionOf('pull', 'a');
const load = actionOf('load', 'a', { after: [pull.id] });

describe('execute', () => {
  it('does each action once, in order, with its beginning and its end on record', async () => {
    const context = contextOf(async (action) => done(action));
    const changes = await execute(planOf(pull, load), context);
    expect(changes.entries.map(({ outcome }) => outcome)).toEqual(['pulled', 'loaded']);
    expect(context.told).toEqual([
      'begin pull a',
      'started pull a 1',
      'end pull a pulled',
      'begin load a',
      'started load a 1',
      'end load a loaded',
    ]);
  });

  it('tries again what may pass, a bounded number of times', async () => {
    const context = contextOf(async () => failing('later'));
    const changes = await execute(planOf(pull), context);
    expect(changes.entries[0]?.outcome).toBe('failed');
    expect(context.told.filter((line) => line.startsWith('started'))).toHaveLength(
      actionRetry.attemptsMax,
    );
    expect(context.told.filter((line) => line.startsWith('end'))).toEqual(['end pull a failed']);
  });

  it('does not try again what can not pass', async () => {
    const context = contextOf(async () => failing('never'));
    await execute(planOf(pull), context);
    expect(context.told.filter((line) => line.startsWith('started'))).toHaveLength(1);
  });

  it('skips what waits for a failed action, and goes on with the rest', async () => {
    const other = actionOf('pull', 'b');
    const context = contextOf(async (action) =>
      action === pull ? failing('never') : done(action),
    );
    const changes = await execute(planOf(pull, load, other), context);
    expect(Object.fromEntries(changes.entries.map((one) => [one.action.id, one.outcome]))).toEqual({
      'pull a': 'failed',
      'load a': 'skipped',
      'pull b': 'pulled',
    });
  });

  it('starts nothing new once it is aborted, lets what runs end, and says so', async () => {
    const controller = new AbortController();
    const context = contextOf(async (action) => {
      controller.abort();
      return done(action);
    }, controller);
    const changes = await execute(planOf(pull, load), context);
    expect(changes.interrupted).toBe(true);
    expect(changes.entries.map(({ outcome }) => outcome)).toEqual(['pulled', 'skipped']);
    expect(context.told).not.toContain('begin load a');
  });

  it('lets what runs come to its end, and be recorded, before it gives up', async () => {
    const other = actionOf('pull', 'b');
    const gate = Promise.withResolvers<void>();
    const context = contextOf(async (action) => {
      if (action === other) await gate.promise;
      return done(action);
    });
    const run = execute(planOf(pull, other), {
      ...context,
      onEnd: (entry, performed) => {
        if (entry.action === pull) {
          queueMicrotask(gate.resolve);
          throw new Error('the ledger is full');
        }
        context.onEnd(entry, performed);
      },
    });
    await expect(run).rejects.toThrow('the ledger is full');
    expect(context.told).toContain('end pull b pulled');
  });

  it('takes what an attempt with an unknown end has done as done, not as found', async () => {
    let attempts = 0;
    const context = contextOf(async () => {
      attempts += 1;
      return attempts === 1
        ? failing('later', 'unknown')
        : { outcome: 'unchanged', digest: null, downloadedBytes: 0 };
    });
    const changes = await execute(planOf(pull), context);
    expect(changes.entries.map(({ outcome }) => outcome)).toEqual(['pulled']);
  });

  it('takes what appears after an attempt that did nothing as found', async () => {
    let attempts = 0;
    const context = contextOf(async () => {
      attempts += 1;
      return attempts === 1
        ? failing('later')
        : { outcome: 'unchanged', digest: null, downloadedBytes: 0 };
    });
    const changes = await execute(planOf(pull), context);
    expect(changes.entries.map(({ outcome }) => outcome)).toEqual(['unchanged']);
  });

  it('lets a bug of ours through', async () => {
    const context = contextOf(() => Promise.reject(new TypeError('a bug')));
    await expect(execute(planOf(pull), context)).rejects.toThrow('a bug');
  });
});
