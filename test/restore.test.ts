// restore: what it takes from a bundle and where it puts it, without any network, and how that goes
// again. What it refuses is in restore-refused.test.ts.
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconcile } from '../src/reconcile.ts';
import {
  bundleTo,
  contentOf,
  createOrigin,
  createSite,
  dyingAt,
  leftBy,
  restoreFrom,
  type Site,
} from './bundle-site.ts';
import { actionsOf, heldOf } from './machine.ts';

let origin: Site;
let target: Site;
let bundles = '';

beforeEach(async () => {
  origin = await createOrigin();
  target = createSite();
  bundles = join(origin.folder, 'out');
  for (const name of ['set', 'set.tar']) await bundleTo(origin, join(bundles, name));
});

afterEach(() => {
  origin.remove();
  target.remove();
});

const from = (name: string): string => join(bundles, name);
const blobsOf = (site: Site): number =>
  Object.keys(contentOf(join(site.home, 'cache', 'restored', 'blobs'))).length;
const codesOf = (problems: readonly { readonly code: string }[]) =>
  problems.map(({ code }) => code);

const run = (mode: 'plan' | 'apply', request = {}, site = target, folder = 'set') =>
  reconcile(
    { inputs: [join(site.folder, folder, 'models.yaml')], mode, locked: true, ...request },
    { io: site.offline, signal: AbortSignal.timeout(15_000), report: () => undefined },
  );

describe('a restored set', () => {
  it.each(['set', 'set.tar'])(
    'is applied without a network, and its plan is empty (%s)',
    async (name) => {
      const restored = await restoreFrom(target, from(name));
      expect([restored.exitCode, restored.problems, restored.absent]).toEqual([0, [], []]);
      for (const file of ['models.yaml', 'models.lock.yaml']) {
        const there = readFileSync(join(target.folder, 'set', file), 'utf8');
        expect(there).toBe(readFileSync(join(origin.folder, file), 'utf8'));
      }
      rmSync(origin.folder, { recursive: true });
      const applied = await run('apply');
      expect([applied.exitCode, applied.problems]).toEqual([0, []]);
      const after = await run('plan');
      expect([actionsOf(after), heldOf(after)]).toEqual([[], []]);
    },
  );

  it('is the same from a folder and from a tar', async () => {
    await restoreFrom(target, from('set'));
    const other = createSite();
    await restoreFrom(other, from('set.tar'));
    expect(leftBy(other)).toEqual(leftBy(target));
    other.remove();
  });

  it('restored again changes nothing', async () => {
    await restoreFrom(target, from('set'));
    const before = target.written();
    const again = await restoreFrom(target, from('set'));
    expect(again.exitCode).toBe(0);
    const changed = Object.entries(target.written()).filter(([path, at]) => before[path] !== at);
    expect(changed.filter(([path]) => !path.includes('/state/'))).toEqual([]);
  });

  it('has the bytes of the Models that were named, and the whole lock', async () => {
    const restored = await restoreFrom(target, from('set'), { models: ['two'] });
    expect(restored.models.map(({ model }) => model)).toEqual(['two']);
    const applied = await run('apply', { targets: ['two'] });
    expect([applied.exitCode, actionsOf(applied)]).toEqual([0, ['pull two']]);
  });

  it('of a bundle with a part of the Models says which are without bytes', async () => {
    await bundleTo(origin, from('part'), { models: ['one'] });
    const restored = await restoreFrom(target, from('part'));
    expect([restored.exitCode, restored.absent]).toEqual([0, ['two']]);
    const unknown = await restoreFrom(target, from('part'), { models: ['two'] });
    expect([unknown.exitCode, codesOf(unknown.problems)]).toEqual([1, ['bundle/unknown-model']]);
  });

  it('lets its bytes go when an apply has used them, and no sooner', async () => {
    await restoreFrom(target, from('set'));
    const all = blobsOf(target);
    await run('apply', { targets: ['one'] });
    const half = blobsOf(target);
    expect([all > half, half > 0]).toEqual([true, true]);
    await run('apply');
    expect(blobsOf(target)).toBe(0);
  });

  it('that nobody applies goes after two weeks, with an apply of something else', async () => {
    await restoreFrom(target, from('set'), { models: ['one'] });
    const folder = join(target.home, 'cache', 'restored', 'blobs', 'sha256');
    const long = new Date(Date.now() - 15 * 24 * 3_600_000);
    for (const name of Object.keys(contentOf(folder))) utimesSync(join(folder, name), long, long);
    const other = await createOrigin();
    const applied = await reconcile(
      { inputs: [join(other.folder, 'models.yaml')], mode: 'apply', targets: ['two'] },
      { io: target.offline, signal: AbortSignal.timeout(15_000), report: () => undefined },
    );
    expect([applied.exitCode, blobsOf(target)]).toEqual([0, 0]);
    other.remove();
  });
});

describe('a set that is restored beside another', () => {
  it('of the same id prunes nothing until it is said to be the same', async () => {
    await restoreFrom(target, from('set'), { to: 'first' });
    await run('apply', {}, target, 'first');
    const second = await restoreFrom(target, from('set'), { to: 'second' });
    expect([second.exitCode, codesOf(second.problems)]).toEqual([0, ['bundle/lives-elsewhere']]);
    const plan = await run('plan', { prune: true }, target, 'second');
    expect([plan.exitCode, actionsOf(plan)]).toEqual([0, []]);
    const moved = await run('apply', { sameSet: true }, target, 'second');
    expect([moved.exitCode, actionsOf(moved)]).toEqual([0, []]);
    const third = await restoreFrom(target, from('set'), { to: 'second' });
    expect(third.problems).toEqual([]);
  });

  it('of another id takes no folder from it', async () => {
    await restoreFrom(target, from('set'));
    const before = leftBy(target);
    const other = await createOrigin();
    await bundleTo(other, from('other'));
    const refused = await restoreFrom(target, from('other'), { overwrite: true });
    expect([refused.exitCode, codesOf(refused.problems)]).toEqual([6, ['bundle/other-set']]);
    expect(leftBy(target)).toEqual(before);
    expect((await restoreFrom(target, from('other'), { to: 'else' })).exitCode).toBe(0);
    other.remove();
  });

  it('replaces manifests that say something else only when it may', async () => {
    await restoreFrom(target, from('set'));
    const path = join('set', 'models.yaml');
    target.write(path, `${target.read(path)}# edited\n`);
    const refused = await restoreFrom(target, from('set'));
    expect([refused.exitCode, codesOf(refused.problems)]).toEqual([6, ['bundle/other-content']]);
    expect(target.read(path)).toContain('# edited');
    expect((await restoreFrom(target, from('set'), { overwrite: true })).exitCode).toBe(0);
    expect(target.read(path)).not.toContain('# edited');
  });
});

describe('a restore that is cut off', () => {
  it.each(['set', 'set.tar'])('at any change is repeated to the same end (%s)', async (name) => {
    await restoreFrom(target, from(name));
    const whole = leftBy(target);
    const fresh = (): void => {
      for (const one of [join(target.home, 'cache'), join(target.folder, 'set')]) {
        rmSync(one, { recursive: true, force: true });
      }
      mkdirSync(target.folder, { recursive: true });
    };
    fresh();
    const counted = dyingAt(target.offline, Number.POSITIVE_INFINITY);
    await restoreFrom(target, from(name), {}, counted.io);
    for (let change = 1; change <= counted.count(); change += 1) {
      fresh();
      await restoreFrom(target, from(name), {}, dyingAt(target.offline, change).io);
      // Without the lock it is no set yet; with it everything else is there.
      const isSet = existsSync(join(target.folder, 'set', 'models.lock.yaml'));
      if (isSet) expect((await run('plan')).exitCode).toBe(0);
      const ended = await restoreFrom(target, from(name));
      expect([change, ended.exitCode, ended.problems]).toEqual([change, 0, []]);
      expect(withoutPartials(leftBy(target))).toEqual(whole);
    }
  });

  it('by a full disk says so', async () => {
    const full = await restoreFrom(
      target,
      from('set'),
      {},
      dyingAt(target.offline, 5, 'ENOSPC').io,
    );
    expect([full.exitCode, codesOf(full.problems)]).toEqual([3, ['transfer/disk-full']]);
    const space = async () => ({ freeBytes: 1000, totalBytes: 2000 });
    const files = { ...target.offline.files, space };
    const small = await restoreFrom(target, from('set'), {}, { ...target.offline, files });
    expect(codesOf(small.problems)).toEqual(['bundle/does-not-fit']);
    expect((await restoreFrom(target, from('set'))).exitCode).toBe(0);
  });
});

/** A killed run leaves temporary files in a store, which its sweep removes after a day. */
const withoutPartials = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(files).filter(([path]) => !/\.partial$|\.modelctl-.*\.tmp$/.test(path)),
  );
