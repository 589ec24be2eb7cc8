import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Settlement } from '../../src/record/ledger/steps.ts';
import { type Ledger, openLedger } from '../../src/record/ledger.ts';
import { createFakeIo } from '../fakes/io.ts';
import {
  action,
  backend,
  backendAt,
  change,
  details,
  digestOf,
  engine,
  entry,
  host,
  keyOf,
  scope,
} from './record-values.ts';

const now = Date.UTC(2030, 0, 2);
const hourMs = 3_600_000;

let ledger: Ledger;

beforeEach(async () => {
  ledger = await openLedger({ path: ':memory:', mode: 'write' }, createFakeIo());
});

afterEach(() => ledger.close());

const nothingToSettle: Omit<Settlement, keyof ReturnType<typeof scope>> = {
  entries: [],
  absent: [],
  closed: [],
  learned: new Map(),
  contests: [],
};

const start = (...names: readonly string[]) =>
  ledger.beginRun({ ...scope(), entries: names.map((name) => entry(name)) });

describe('a new ledger', () => {
  it('owns nothing and knows nothing', () => {
    expect(ledger.problem).toBeNull();
    expect(ledger.view(now)).toEqual({
      mode: 'writable',
      inventory: [],
      made: new Map(),
      details: new Map(),
      interrupted: new Set(),
      recentEvictions: new Map(),
      approved: new Set(),
      suspended: new Map(),
      corrections: new Map(),
      contested: new Map(),
    });
    expect(ledger.setRecord('set-a')).toBeNull();
    expect(ledger.backends()).toEqual([]);
    expect(ledger.history({ limit: 10 })).toEqual([]);
  });
});

describe('beginning a run', () => {
  it('records where the set lives, its engine, its backends and what it will own', () => {
    const full = entry('b', {
      role: 'alias',
      digest: null,
      made: { revision: digestOf('r'), base: null, recipe: digestOf('x') },
      adopted: true,
      residency: 'pinned',
      prune: 'Confirm',
      base: 'a',
    });
    ledger.beginRun({ ...scope(), entries: [full, entry('a')] });
    expect(ledger.setRecord('set-a')).toEqual({ location: '/home/user/models', engine });
    expect(ledger.backends()).toEqual([engine]);
    expect(ledger.inventory()).toEqual([entry('a'), full]);
    expect(ledger.entryOf('set-a', full)).toEqual(full);
    expect(ledger.entryOf('set-b', full)).toBeNull();
  });

  it('keeps what it does not name: other entries, other sets, earlier backends', () => {
    start('a');
    const other = { ...engine, id: 'http://10.0.0.2:11434', auth: { env: 'TOKEN' } };
    ledger.beginRun({
      ...scope('set-b'),
      backends: [other],
      engine: null,
      entries: [entry('a', { set: 'set-b' })],
    });
    expect(ledger.inventory()).toEqual([entry('a'), entry('a', { set: 'set-b' })]);
    expect(ledger.backends()).toEqual([other, engine]);
    expect(ledger.setRecord('set-b')?.engine).toBeNull();
  });

  it('writes all of it or none', () => {
    const broken = entry('b', { prune: undefined as unknown as 'Keep' });
    expect(() => ledger.beginRun({ ...scope(), entries: [entry('a'), broken] })).toThrow('bound');
    expect(ledger.inventory()).toEqual([]);
    expect(ledger.setRecord('set-a')).toBeNull();
  });

  it('refuses entries of another set', () => {
    const foreign = entry('a', { set: 'set-b' });
    expect(() => ledger.beginRun({ ...scope(), entries: [foreign] })).toThrow('its own set');
  });
});

describe('an action', () => {
  it('is interrupted until it is closed', () => {
    const run = start('a');
    const pull = action('pull', 'a');
    run.openIntent(pull, now);
    expect(ledger.view(now).interrupted).toEqual(new Set([keyOf('a')]));
    run.closeIntent(change(pull), { entry: entry('a') }, now);
    expect(ledger.view(now).interrupted).toEqual(new Set());
  });

  it('stays interrupted when nobody knows whether it happened', () => {
    const run = start('a');
    const pull = action('pull', 'a');
    run.openIntent(pull, now);
    run.closeIntent(change(pull, 'unknown', { digest: null }), { entry: entry('a') }, now);
    expect(ledger.view(now).interrupted).toEqual(new Set([keyOf('a')]));
    expect(ledger.history({ limit: 10 })).toMatchObject([{ outcome: 'unknown', open: true }]);
  });

  it('is followed by another of the same name, which then is the open one', () => {
    const run = start('a');
    run.openIntent(action('pull', 'a'), now);
    run.openIntent(action('load', 'a'), now);
    run.closeIntent(change(action('load', 'a')), { entry: entry('a') }, now);
    expect(ledger.view(now).interrupted).toEqual(new Set());
    expect(ledger.history({ limit: 10 })).toMatchObject([
      { kind: 'load', outcome: 'loaded', open: false },
      { kind: 'pull', outcome: 'unknown', open: false },
    ]);
  });

  it.each([
    ['failed', action('create', 'a')],
    ['unloaded', action('unload', 'a')],
  ] as const)('that %s settles nothing of what was begun before it', (outcome, next) => {
    const run = start('a');
    run.openIntent(action('create', 'a'), now);
    run.openIntent(next, now);
    run.closeIntent(change(next, outcome, { digest: null }), { entry: entry('a') }, now);
    expect(ledger.view(now).interrupted).toEqual(new Set([keyOf('a')]));
    expect(ledger.history({ limit: 10 })).toMatchObject([
      { outcome, open: false },
      { kind: 'create', outcome: 'unknown', open: true },
    ]);
  });

  it('that fails time and again leaves one name in doubt once', () => {
    const run = start('a');
    const pull = action('pull', 'a');
    for (const _ of ['once', 'twice', 'three times']) run.openIntent(pull, now);
    run.closeIntent(change(pull, 'failed', { digest: null }), { entry: entry('a') }, now);
    expect(ledger.history({ limit: 10 }).map(({ open }) => open)).toEqual([false, true, false]);
    run.openIntent(pull, now);
    run.closeIntent(change(pull), { entry: entry('a') }, now);
    expect(ledger.view(now).interrupted).toEqual(new Set());
  });

  it('leaves its entry, what it was made from and what was learned', () => {
    const run = start('a');
    const create = action('create', 'a');
    const made = { revision: digestOf('r'), base: digestOf('b'), recipe: null };
    const after = entry('a', { digest: digestOf('result'), made });
    run.openIntent(create, now);
    run.closeIntent(
      change(create, 'created', { digest: digestOf('result') }),
      { entry: after, made, details: details('x') },
      now,
    );
    const view = ledger.view(now);
    expect(view.inventory).toEqual([after]);
    expect(view.made.get(backendAt)?.get(digestOf('result'))).toEqual(made);
    expect(view.details.get(backendAt)?.get(digestOf('result'))).toEqual(details('x'));
  });

  it('gives up its entry when the name is gone, and the approval with it', () => {
    const run = start('a', 'b');
    ledger.approve(keyOf('a'), 'ann', now);
    const evict = action('evict', 'a');
    run.openIntent(evict, now);
    run.closeIntent(change(evict), { entry: null }, now);
    expect(ledger.inventory()).toEqual([entry('b')]);
    expect(ledger.view(now).approved).toEqual(new Set());
  });

  it('leaves the entry of another set on the same name alone', () => {
    ledger.beginRun({ ...scope('set-b'), entries: [entry('a', { set: 'set-b' })] });
    const run = start('a');
    const evict = action('evict', 'a');
    run.openIntent(evict, now);
    run.closeIntent(change(evict), { entry: null }, now);
    expect(ledger.inventory()).toEqual([entry('a', { set: 'set-b' })]);
  });

  it('stands in history with all that is known of it', () => {
    const run = start('a');
    const pull = action('pull', 'a', { replaces: digestOf('old') });
    run.openIntent(pull, now);
    run.closeIntent(
      change(pull, 'pulled', { downloadedBytes: 7, durationMs: 12.6 }),
      { entry: entry('a') },
      now + 5,
    );
    expect(ledger.history({ limit: 10 })).toEqual([
      {
        at: now + 5,
        set: 'set-a',
        host,
        backend,
        name: 'a',
        model: 'a',
        kind: 'pull',
        reason: 'missing',
        outcome: 'pulled',
        open: false,
        replaced: digestOf('old'),
        digest: digestOf('a'),
        downloadedBytes: 7,
        diskBytes: 10,
        durationMs: 13,
        problemCode: null,
      },
    ]);
  });
});

describe('history', () => {
  it('is filtered and comes newest first', () => {
    const run = start('a', 'b');
    for (const [at, name] of ['a', 'b', 'a'].entries()) {
      const load = action('load', name, { model: `model-${name}` });
      run.openIntent(load, now + at);
      run.closeIntent(change(load), { entry: entry(name) }, now + at);
    }
    const times = (filter: object) =>
      ledger.history({ limit: 10, ...filter }).map((one) => one.at - now);
    expect(times({})).toEqual([2, 1, 0]);
    expect(times({ limit: 2 })).toEqual([2, 1]);
    expect(times({ name: 'a' })).toEqual([2, 0]);
    expect(times({ model: 'model-b' })).toEqual([1]);
    expect(times({ since: now + 1 })).toEqual([2, 1]);
    expect(times({ set: 'set-b' })).toEqual([]);
  });
});

describe('what was lost within a day', () => {
  const lose = (
    at: number,
    of: ReturnType<typeof action>,
    ...outcome: Parameters<typeof change>[1][]
  ) => {
    const run = start(of.name);
    run.openIntent(of, at);
    if (outcome.length > 0) run.closeIntent(change(of, ...outcome), { entry: entry(of.name) }, at);
  };
  const replacing = { replaces: digestOf('old') };
  const recent = () => ledger.view(now).recentEvictions.get(backendAt)?.size ?? 0;

  it('counts evictions and what the plan says is lost, by model', () => {
    lose(now, action('evict', 'a'), 'evicted');
    lose(now, action('pull', 'b', { ...replacing, loses: true }), 'pulled');
    lose(now, action('create', 'c', { ...replacing, loses: true }), 'created');
    expect(recent()).toBe(3);
    lose(now, action('evict', 'a-alias', { model: 'a' }), 'evicted');
    expect(recent()).toBe(3);
  });

  it('counts what may have happened: cut off, or ended unknown', () => {
    lose(now, action('evict', 'a'));
    lose(now, action('evict', 'b'), 'unknown');
    expect(recent()).toBe(2);
  });

  it('does not count what did not happen or lost nothing', () => {
    lose(now, action('evict', 'a'), 'failed');
    lose(now, action('evict', 'b'), 'unchanged');
    lose(now, action('pull', 'c'), 'pulled');
    const recipe = { kind: 'derive', base: 'base', recipe: {} } as const;
    lose(now, action('create', 'd', { ...replacing, build: recipe }), 'created');
    lose(now, action('pull', 'set up anew', replacing), 'pulled');
    lose(now, action('unload', 'e'), 'unloaded');
    expect(recent()).toBe(0);
  });

  it('forgets after a day', () => {
    lose(now - 23 * hourMs, action('evict', 'a'), 'evicted');
    lose(now - 25 * hourMs, action('evict', 'b'), 'evicted');
    expect(recent()).toBe(1);
  });
});

describe('settling', () => {
  it('can be asked for before, also of a ledger that is only read', () => {
    const settlement = { ...scope(), ...nothingToSettle, entries: [entry('a')] };
    expect(ledger.wouldSettle(settlement)).toBe(true);
    expect(ledger.inventory()).toEqual([]);
    ledger.settle(settlement);
    expect(ledger.wouldSettle(settlement)).toBe(false);
  });

  it('says that there is nothing to write when everything is known', () => {
    start('a');
    expect(ledger.settle({ ...scope(), ...nothingToSettle, entries: [entry('a')] })).toBe(false);
  });

  it('writes entries that changed or came', () => {
    start('a');
    const changed = entry('a', { prune: 'Keep' });
    const entries = [changed, entry('b', { adopted: true })];
    expect(ledger.settle({ ...scope(), ...nothingToSettle, entries })).toBe(true);
    expect(ledger.inventory()).toEqual(entries);
    expect(ledger.settle({ ...scope(), ...nothingToSettle, entries })).toBe(false);
  });

  it('records a set that was found as wanted, without any run', () => {
    const settled = ledger.settle({ ...scope(), ...nothingToSettle });
    expect(settled).toBe(true);
    expect(ledger.setRecord('set-a')).toEqual({ location: '/home/user/models', engine });
    const moved = { ...scope(), location: '/elsewhere' };
    expect(ledger.settle({ ...moved, ...nothingToSettle })).toBe(true);
    expect(ledger.setRecord('set-a')?.location).toBe('/elsewhere');
  });

  it('drops what was seen to be gone, from this set only', () => {
    ledger.beginRun({ ...scope('set-b'), entries: [entry('a', { set: 'set-b' })] });
    start('a', 'b');
    const absent = [keyOf('a'), keyOf('never-owned')];
    expect(ledger.settle({ ...scope(), ...nothingToSettle, absent })).toBe(true);
    expect(ledger.inventory()).toEqual([entry('b'), entry('a', { set: 'set-b' })]);
    expect(ledger.settle({ ...scope(), ...nothingToSettle, absent })).toBe(false);
  });

  it('drops an approval with the last owner of the name', () => {
    ledger.beginRun({ ...scope('set-b'), entries: [entry('a', { set: 'set-b' })] });
    start('a');
    ledger.approve(keyOf('a'), 'ann', now);
    const absent = [keyOf('a')];
    ledger.settle({ ...scope(), ...nothingToSettle, absent });
    expect(ledger.view(now).approved).toEqual(new Set([keyOf('a')]));
    ledger.settle({ ...scope('set-b'), ...nothingToSettle, absent });
    expect(ledger.view(now).approved).toEqual(new Set());
  });

  it('closes what an earlier run left open', () => {
    start('a').openIntent(action('pull', 'a'), now);
    const closed = [keyOf('a'), keyOf('b')];
    expect(ledger.settle({ ...scope(), ...nothingToSettle, closed })).toBe(true);
    expect(ledger.view(now).interrupted).toEqual(new Set());
    expect(ledger.history({ limit: 10 })).toMatchObject([{ outcome: 'unknown', open: false }]);
    expect(ledger.settle({ ...scope(), ...nothingToSettle, closed })).toBe(false);
  });

  it('remembers details, and writes them once', () => {
    start();
    const learned = new Map([[backendAt, new Map([[digestOf('a'), details('a')]])]]);
    expect(ledger.settle({ ...scope(), ...nothingToSettle, learned })).toBe(true);
    expect(ledger.view(now).details).toEqual(learned);
    expect(ledger.settle({ ...scope(), ...nothingToSettle, learned })).toBe(false);
  });
});

describe('a ledger opened for reading', () => {
  it('is not written', async () => {
    const reading = await openLedger({ path: ':memory:', mode: 'read' }, createFakeIo());
    expect(() => reading.beginRun({ ...scope(), entries: [] })).toThrow('opened for reading');
    expect(() => reading.approve(keyOf('a'), 'ann', now)).toThrow('opened for reading');
    reading.close();
  });
});
