import { describe, expect, it } from 'vitest';
import type { ChangeSetEntry } from '../../src/core/changeset.ts';
import type { DesiredPlacement } from '../../src/core/desired.ts';
import type { InventoryEntry } from '../../src/core/inventory.ts';
import { madeFrom } from '../../src/core/made.ts';
import { factsAfter } from '../../src/record/facts.ts';
import {
  action,
  artifact,
  change,
  desired,
  details,
  digestOf,
  entry,
  placement,
} from './record-values.ts';

const facts = (
  of: ChangeSetEntry,
  entries: readonly InventoryEntry[],
  placements: readonly DesiredPlacement[] = [],
) =>
  factsAfter(of, {
    desired: desired(placements),
    entryOf: (at) => entries.find((one) => one.name === at.name) ?? null,
  });

const pending = entry('a', { digest: null });

describe('after a build', () => {
  it('has the digest that the engine gave', () => {
    const pulled = change(action('pull', 'a'), 'pulled', { digest: digestOf('result') });
    expect(facts(pulled, [pending])).toEqual({ entry: entry('a', { digest: digestOf('result') }) });
  });

  it('remembers what an import was made from', () => {
    const made = madeFrom({ kind: 'source' }, artifact('a'), null);
    const created = change(action('create', 'a'), 'created', { digest: digestOf('result') });
    expect(facts(created, [pending])).toEqual({
      entry: entry('a', { digest: digestOf('result'), made }),
      made,
    });
  });

  it('remembers the base that a derived name was made on, as it was then', () => {
    const build = { kind: 'derive', base: 'base', recipe: { system: 'Be brief.' } } as const;
    const made = madeFrom(build, artifact('a'), digestOf('base of today'));
    const base = entry('base', { digest: digestOf('base of today') });
    const { entry: after, made: remembered } = facts(change(action('create', 'a', { build })), [
      pending,
      base,
    ]);
    expect(remembered).toEqual(made);
    expect(after?.made).toEqual(made);
  });

  it('remembers nothing for an alias, which has the digest of its target', () => {
    const build = { kind: 'alias', of: 'target' } as const;
    expect(facts(change(action('create', 'a', { build })), [pending])).toEqual({
      entry: entry('a'),
    });
  });

  it('makes ours what was adopted, if it was really replaced', () => {
    const adopted = entry('a', { adopted: true, digest: digestOf('old') });
    const pull = action('pull', 'a', { replaces: digestOf('old') });
    expect(facts(change(pull), [adopted]).entry?.adopted).toBe(false);
    expect(facts(change(pull, 'unchanged'), [adopted]).entry?.adopted).toBe(true);
  });

  it('takes what somebody else brought in the meantime for found, not for ours', () => {
    const pull = action('pull', 'a');
    expect(facts(change(pull, 'unchanged'), [pending]).entry?.adopted).toBe(true);
    expect(facts(change(pull), [pending]).entry?.adopted).toBe(false);
    const seen = action('pull', 'a', { replaces: digestOf('new') });
    expect(facts(change(seen, 'unchanged'), [pending]).entry?.adopted).toBe(false);
  });
});

describe('after an eviction', () => {
  it.each(['evicted', 'unchanged'] as const)('gives the entry up: %s', (outcome) => {
    const evicted = change(action('evict', 'a'), outcome, { digest: null });
    expect(facts(evicted, [entry('a')])).toEqual({ entry: null });
  });

  it('keeps the entry of a name that is still wanted', () => {
    expect(facts(change(action('evict', 'a')), [entry('a')], [placement('a')]).entry).toEqual(
      entry('a'),
    );
  });

  it('keeps the entry when something else was found and left alone', () => {
    const met = change(action('evict', 'a'), 'unchanged', { digest: digestOf('other') });
    expect(facts(met, [entry('a')]).entry).toEqual(entry('a'));
  });
});

describe('after loading and unloading', () => {
  it('records that it is no longer kept in memory once it was unloaded', () => {
    const loaded = entry('a', { residency: 'loaded' });
    const wanted = [placement('a', { residency: 'stored' })];
    expect(facts(change(action('unload', 'a')), [loaded], wanted).entry).toEqual(entry('a'));
    expect(facts(change(action('unload', 'a')), [loaded]).entry).toEqual(loaded);
  });

  it('changes nothing for a load', () => {
    expect(facts(change(action('load', 'a')), [entry('a')])).toEqual({ entry: entry('a') });
  });
});

describe('without a certain effect', () => {
  it.each(['pull', 'create', 'load', 'unload', 'evict'] as const)(
    'everything stays on record (%s)',
    (kind) => {
      for (const outcome of ['failed', 'unknown', 'skipped'] as const) {
        const ended = change(action(kind, 'a'), outcome);
        expect(facts(ended, [entry('a')])).toEqual({ entry: entry('a') });
      }
    },
  );

  it('what was learned is remembered all the same', () => {
    const ended = change(action('create', 'a'), 'failed');
    const learned = factsAfter(ended, {
      desired: desired([]),
      details: details('x'),
      entryOf: () => pending,
    });
    expect(learned).toEqual({ entry: pending, details: details('x') });
  });
});
