// The part of the contract that is about looking at an engine, and about what it refuses.
import { expect, test } from 'vitest';
import type { ModelRequest } from '../../src/backends/backend.ts';
import { type Bench, bring, contextOf, type Traits } from './bench.ts';
import { buildActions, look, request } from './requests.ts';

export function lookContract(world: () => Promise<Bench>, traits: Traits): void {
  test('looks again at what is known without changing or asking more', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, {
      derive: traits.derives ? { system: 'Be brief.' } : undefined,
    });
    await bring(bench, asked, bench.first);
    const first = await look(bench, asked, bench.first.artifact);
    const before = bench.requests?.();
    const second = await look(bench, asked, bench.first.artifact, first.learned);
    const after = bench.requests?.();
    expect(second.placements).toEqual(first.placements);
    expect(second.learned.size).toBe(0);
    if (before === undefined || after === undefined) return;
    expect(after.mutating - before.mutating).toBe(0);
    expect(after.total - before.total).toBeLessThanOrEqual(traits.observeRequestsMax);
  });

  test('lists every name in the one form that canonicalName gives', async () => {
    const bench = await world();
    const servedName = `${bench.prefix}${traits.namesBySource ? 'a' : 'A'}`;
    const asked = request(bench, bench.first, { servedName });
    await bring(bench, asked, bench.first);
    const { placements } = await look(bench, asked, bench.first.artifact);
    for (const name of placements.keys()) expect(bench.backend.canonicalName(name)).toBe(name);
    expect(bench.backend.canonicalName('')).toBeNull();
  });
}

export function downContract(world: () => Promise<Bench>): void {
  test('tells an engine that is down from one that holds nothing', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    const before = await look(bench, asked, bench.first.artifact);
    expect(before.placements.size).toBe(0);
    const [action] = buildActions(bench.backend, asked, bench.first.artifact, before);
    await bench.takeDown();
    const question = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };
    const down = await bench.backend.observe(question, contextOf(bench));
    expect(down).toMatchObject({ kind: 'unreachable', problem: { retry: 'later' } });
    const result = action && (await bench.backend.perform(action, contextOf(bench)));
    expect(result).toMatchObject({ outcome: 'failed', problem: { retry: 'later' } });
  });
}

export function refusalContract(
  world: () => Promise<Bench>,
  runtime: ModelRequest['runtime'],
): void {
  test('names the field that it cannot serve', async () => {
    const bench = await world();
    const [field] = Object.keys(runtime);
    const asked = request(bench, bench.first, { runtime });
    const checked = bench.backend.check(asked);
    expect(checked.ok).toBe(false);
    expect(checked.problems).toMatchObject([
      { code: 'backend/unsupported', path: `spec.runtime.${field}` },
    ]);
    expect(checked.problems[0]?.remedy).toBeTruthy();
  });
}
