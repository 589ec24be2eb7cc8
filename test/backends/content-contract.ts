// The part of the contract that is about names and what they hold.
import { expect, test } from 'vitest';
import type { Digest } from '../../src/core/digest.ts';
import { ask, type Bench, bring, contextOf, run, served } from './bench.ts';
import { actionBase, buildActions, loadAction, look, request, shapesOf } from './requests.ts';

export function contentContract(world: () => Promise<Bench>): void {
  test('brings a model that is then there with its digest and answers', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    const results = await bring(bench, asked, bench.first);
    const found = await served(bench, asked, bench.first);
    expect(results.at(-1)?.digest).toBe(found.digest);
    expect(found.bytes).toBeGreaterThan(0);
    const shapes = shapesOf(bench.backend, asked);
    for (const shape of shapes) {
      const foreseen = bench.backend.identify(shape, bench.first.artifact, shapes);
      if (foreseen !== null && shape.name === found.name) expect(found.digest).toBe(foreseen);
    }
    if (bench.first.says !== null) expect(await ask(bench, found.name)).toContain(bench.first.says);
  });

  test('tells of bytes that only grow and end with the whole', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    const there = await look(bench, asked, bench.first.artifact);
    for (const action of buildActions(bench.backend, asked, bench.first.artifact, there)) {
      const told: (readonly [number, number])[] = [];
      const onBytes = (completed: number, total: number): void =>
        void told.push([completed, total]);
      const result = await bench.backend.perform(action, contextOf(bench, { onBytes }));
      expect(result.problem).toBeUndefined();
      const completed = told.map(([bytes]) => bytes);
      expect(completed).toEqual(completed.toSorted((a, b) => a - b));
      const last = told.at(-1);
      if (last !== undefined) expect(last[0]).toBe(last[1]);
    }
  });

  test('finds its work done when asked again, and downloads nothing', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    const before = await look(bench, asked, bench.first.artifact);
    const actions = buildActions(bench.backend, asked, bench.first.artifact, before);
    await run(bench, actions);
    const known = actions.filter((action) => 'digest' in action && action.digest !== null);
    for (const result of await run(bench, known)) {
      expect(result).toMatchObject({ outcome: 'unchanged', downloadedBytes: 0 });
    }
  });

  test('rolls a name out to other content and back', async () => {
    const bench = await world();
    const answers: (string | null)[] = [];
    const digests: Digest[] = [];
    for (const subject of [bench.first, bench.second, bench.first]) {
      const asked = request(bench, subject, { servedName: `${bench.prefix}a` });
      await bring(bench, asked, subject);
      const found = await served(bench, asked, subject);
      digests.push(found.digest);
      answers.push(subject.says === null ? null : await ask(bench, found.name));
    }
    expect(digests[1]).not.toBe(digests[0]);
    expect(digests[2]).toBe(digests[0]);
    for (const [index, subject] of [bench.first, bench.second, bench.first].entries()) {
      if (subject.says !== null) expect(answers[index]).toContain(subject.says);
    }
  });

  test('leaves a name alone that holds something else than the plan saw', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    await bring(bench, asked, bench.first);
    const before = await served(bench, asked, bench.first);
    const other = request(bench, bench.second, { servedName: `${bench.prefix}a` });
    const planned = buildActions(bench.backend, other, bench.second.artifact, {
      placements: new Map(),
    });
    const result = (await run(bench, planned)).at(-1);
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/changed-meanwhile', retry: 'later' },
    });
    expect((await served(bench, asked, bench.first)).digest).toBe(before.digest);
  });

  test('evicts the content that the plan saw, and no other', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    await bring(bench, asked, bench.first);
    const { name, digest } = await served(bench, asked, bench.first);
    const evict = { ...actionBase(bench.backend, 'evict', name), kind: 'evict' } as const;
    const [refused] = await run(bench, [{ ...evict, replaces: `sha256:${'0'.repeat(64)}` }]);
    expect(refused).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/changed-meanwhile' },
    });
    expect((await served(bench, asked, bench.first)).digest).toBe(digest);
    const [evicted, again] = await run(bench, [
      { ...evict, replaces: digest },
      { ...evict, replaces: digest },
    ]);
    expect(evicted).toMatchObject({ outcome: 'evicted', digest: null });
    expect(again).toMatchObject({ outcome: 'unchanged' });
    expect((await look(bench, asked, bench.first.artifact)).placements.has(name)).toBe(false);
  });

  test('stops when told to, and goes on with the next run', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, { servedName: `${bench.prefix}a` });
    const there = await look(bench, asked, bench.first.artifact);
    const [first] = buildActions(bench.backend, asked, bench.first.artifact, there);
    const signal = AbortSignal.abort(new Error('stop'));
    const result = first && (await bench.backend.perform(first, contextOf(bench, { signal })));
    expect(result).toMatchObject({ outcome: 'failed', problem: { code: 'backend/interrupted' } });
    await bring(bench, asked, bench.first);
  });
}

export function recipeContract(world: () => Promise<Bench>): void {
  test('derives a name from a base that stays as it is', async () => {
    const bench = await world();
    const derive = { system: 'Be brief.', parameters: { temperature: 0.25, stop: ['a', '"b"'] } };
    const asked = request(bench, bench.first, { derive });
    await bring(bench, asked, bench.first);
    const observation = await look(bench, asked, bench.first.artifact);
    const [base, derived] = shapesOf(bench.backend, asked).map((shape) =>
      observation.placements.get(shape.name),
    );
    expect(derived?.details?.recipe).toMatchObject(derive);
    expect(derived?.details?.weights).toBe(base?.details?.weights);
    expect(base?.details?.recipe.system).not.toBe('Be brief.');
    expect(derived?.digest).not.toBe(base?.digest);
  });

  test('forgets a parameter that was taken back', async () => {
    const bench = await world();
    const twice = request(bench, bench.first, { derive: { parameters: { top_k: 7, top_p: 0.5 } } });
    await bring(bench, twice, bench.first);
    const once = request(bench, bench.first, { derive: { parameters: { top_k: 7 } } });
    const { placements } = await look(bench, once, bench.first.artifact);
    const last = buildActions(bench.backend, once, bench.first.artifact, { placements }).at(-1);
    const result = last && (await bench.backend.perform(last, contextOf(bench)));
    expect(result).toMatchObject({ outcome: 'created' });
    const { details } = await served(bench, once, bench.first);
    expect(details?.recipe.parameters).toMatchObject({ top_k: 7 });
    expect(details?.recipe.parameters).not.toHaveProperty('top_p');
    expect(result?.details).toEqual(details);
  });

  test('loads a name anew whose recipe changed while it was loaded', async () => {
    const bench = await world();
    for (const system of ['Be brief.', 'Be long.']) {
      const asked = request(bench, bench.first, { derive: { system }, residency: 'loaded' });
      await bring(bench, asked, bench.first);
      await run(bench, [loadAction(bench.backend, asked)]);
      const found = await served(bench, asked, bench.first);
      expect(found.details?.recipe.system).toBe(system);
      expect(found.loaded).toMatchObject({ expiresAt: 'never' });
    }
  });

  test('gives a name an alias with the same content', async () => {
    const bench = await world();
    const asked = request(bench, bench.first, {
      derive: { system: 'Be brief.' },
      aliases: [`${bench.prefix}other`],
    });
    await bring(bench, asked, bench.first);
    const alias = bench.backend.canonicalName(`${bench.prefix}other`) ?? '';
    const { placements } = await look(bench, asked, bench.first.artifact);
    const { name, digest } = await served(bench, asked, bench.first);
    expect(placements.get(alias)?.digest).toBe(digest);
    expect(alias).not.toBe(name);
  });
}
