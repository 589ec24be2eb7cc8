// The part of the contract that is about what is in memory.
import { expect, test } from 'vitest';
import { ask, type Bench, bring, run, served } from './bench.ts';
import { actionBase, loadAction, request } from './requests.ts';

export function memoryContract(world: () => Promise<Bench>): void {
  test('loads a model to stay, and unloads it', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, {
      servedName: `${bench.prefix}a`,
      residency: 'loaded',
    });
    await bring(bench, asked, bench.first);
    const before = await served(bench, asked, bench.first);
    expect(before.loaded).toBeNull();
    const load = loadAction(bench.backend, asked);
    expect(await run(bench, [load])).toMatchObject([{ outcome: 'loaded', digest: before.digest }]);
    const after = await served(bench, asked, bench.first);
    expect(after.loaded).toMatchObject({ expiresAt: 'never' });
    expect(after.loaded?.memoryBytes).toBeGreaterThan(0);
    expect(await run(bench, [load])).toMatchObject([{ outcome: 'unchanged' }]);
    const unload = { ...actionBase(bench.backend, 'unload', before.name), kind: 'unload' } as const;
    expect(await run(bench, [unload])).toMatchObject([{ outcome: 'unloaded' }]);
    expect((await served(bench, asked, bench.first)).loaded).toBeNull();
    expect(await run(bench, [unload])).toMatchObject([{ outcome: 'unchanged' }]);
  });

  test('keeps a name loaded while its content is rolled out', async () => {
    const bench = await world();
    for (const subject of [bench.first, bench.second]) {
      const asked = request(bench, subject, {
        servedName: `${bench.prefix}a`,
        residency: 'loaded',
      });
      await bring(bench, asked, subject);
      await run(bench, [loadAction(bench.backend, asked)]);
      const found = await served(bench, asked, subject);
      expect(found.loaded).toMatchObject({ expiresAt: 'never' });
      if (subject.says !== null) expect(await ask(bench, found.name)).toContain(subject.says);
    }
  });

  test('does not evict what is loaded', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { residency: 'loaded' });
    await bring(bench, asked, bench.first);
    const { name, digest } = await served(bench, asked, bench.first);
    await run(bench, [loadAction(bench.backend, asked)]);
    const evict = {
      ...actionBase(bench.backend, 'evict', name),
      kind: 'evict',
      replaces: digest,
    } as const;
    expect(await run(bench, [evict])).toMatchObject([
      { outcome: 'failed', problem: { code: 'backend/in-use', retry: 'later' } },
    ]);
    const unload = { ...actionBase(bench.backend, 'unload', name), kind: 'unload' } as const;
    expect(await run(bench, [unload, evict])).toMatchObject([
      { outcome: 'unloaded' },
      { outcome: 'evicted' },
    ]);
  });

  test('reports a load of what is not there as a failure', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, {
      servedName: `${bench.prefix}absent`,
      residency: 'loaded',
    });
    const [result] = await run(bench, [loadAction(bench.backend, asked)]);
    expect(result).toMatchObject({ outcome: 'failed', problem: { retry: 'later' } });
  });
}
