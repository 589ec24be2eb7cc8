import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/changeset.ts';
import type { Action } from '../../src/core/plan.ts';
import { defaultLimits, nextActions } from '../../src/execute/schedule.ts';
import { actionOf } from './actions.ts';

const started = (
  actions: readonly Action[],
  ended: Readonly<Record<string, Outcome>> = {},
  running: readonly Action[] = [],
): readonly string[] =>
  nextActions(
    actions,
    {
      ended: new Map(Object.entries(ended)),
      running: new Map(running.map((action) => [action.id, action])),
    },
    defaultLimits,
  ).start.map(({ id }) => id);

describe('the schedule', () => {
  it('starts an action once all that it waits for has succeeded', () => {
    const pull = actionOf('pull', 'a');
    const load = actionOf('load', 'a', { after: [pull.id] });
    expect(started([pull, load])).toEqual(['pull a']);
    expect(started([pull, load], { 'pull a': 'pulled' })).toEqual(['load a']);
  });

  it('skips what waits for something that failed', () => {
    const pull = actionOf('pull', 'a');
    const load = actionOf('load', 'a', { after: [pull.id] });
    const progress = { ended: new Map([['pull a', 'failed' as const]]), running: new Map() };
    expect(nextActions([pull, load], progress, defaultLimits).drop).toEqual([load]);
  });

  it('runs two builds on an engine at the same time, and one change of its memory', () => {
    const actions = ['a', 'b', 'c'].flatMap((name) => [
      actionOf('pull', name),
      actionOf('load', name),
    ]);
    expect(started(actions)).toEqual(['pull a', 'load a', 'pull b']);
  });

  it('counts engines apart', () => {
    const actions = ['one', 'two', 'three'].flatMap((backend) => [
      actionOf('load', 'a', { backend, id: `load ${backend}` }),
    ]);
    expect(started(actions)).toHaveLength(3);
  });

  it('never overlaps an eviction with a build of the same engine, and evicts last', () => {
    const evict = actionOf('evict', 'old');
    const pull = actionOf('pull', 'new');
    expect(started([evict, pull])).toEqual(['pull new']);
    expect(started([evict, pull], {}, [pull])).toEqual([]);
    expect(started([evict, pull], { 'pull new': 'pulled' })).toEqual(['evict old']);
  });

  it('evicts first when the build waits for the room', () => {
    const evict = actionOf('evict', 'old');
    const pull = actionOf('pull', 'new', { after: [evict.id] });
    expect(started([evict, pull])).toEqual(['evict old']);
    expect(started([evict, pull], {}, [evict])).toEqual([]);
  });

  it('starts no more than the limit over all engines', () => {
    const actions = Array.from({ length: 20 }, (_, index) =>
      actionOf('load', 'a', { backend: `engine-${index}`, id: `load ${index}` }),
    );
    expect(started(actions)).toHaveLength(defaultLimits.totalMax);
  });
});
