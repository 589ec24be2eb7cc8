// What a pull through the API guarantees, and which failures lead to the engine's own pull.
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/core/digest.ts';
import { checked, errorProblem, ProblemError, refused } from '../../../src/core/problem.ts';
import { act, asked, onDisk, pullOf } from './acts.ts';
import { wayWorld } from './worlds.ts';

const problem = (code: string): ReturnType<typeof errorProblem> =>
  errorProblem({
    code,
    summary: 'As a test has it',
    detail: 'A test wants it so.',
    retry: 'later',
  });

const other: Digest = `sha256:${'e'.repeat(64)}`;

describe('a pull through the API', () => {
  test('hands the files over and lets the engine fetch the manifest only', async () => {
    const world = wayWorld('api');
    const told: number[] = [];
    const result = await act(world, pullOf(world, world.first), {
      onBytes: (bytes) => void told.push(bytes),
    });
    expect(result).toMatchObject({ outcome: 'pulled', digest: world.first.artifact.revision });
    expect(result.problem).toBeUndefined();
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(asked(world).filter((one) => one.startsWith('POST'))).toEqual([
      ...world.first.artifact.files.map(() => 'POST /api/blobs/sha256:…'),
      'POST /api/pull',
    ]);
    expect([...world.fake.registry.served]).toEqual([]);
  });

  test.each([
    ['moved', checked(other)],
    ['gone', refused(problem('source/not-found'))],
  ])('asks the engine for nothing when the tag has %s', async (_, now) => {
    const world = wayWorld('api');
    const result = await act(world, pullOf(world, world.first), {
      revisionUpstream: async () => now,
    });
    expect(result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/upstream-moved', retry: 'never' },
    });
    expect(asked(world)).toEqual(['GET /api/tags']);
    expect([...world.obtained]).toEqual([]);
  });

  test.each([
    [{ status: 404, body: '' }, 'backend/tag-not-found', 'which says that it has no such tag'],
    [{ status: 503, body: 'down' }, 'backend/registry-unreachable', 'and could not get it there'],
    [{ status: 401, body: '' }, 'backend/registry-denied', 'which refused it'],
  ])(
    'says whose manifest is missing when only that could not be had (%o)',
    async (fault, code, what) => {
      const world = wayWorld('api');
      world.fake.registry.manifestFault = fault;
      const { outcome, problem: told } = await act(world, pullOf(world, world.first), {
        revisionUpstream: async () => refused(problem('source/unreachable')),
      });
      expect([outcome, told?.code]).toEqual(['failed', code]);
      expect(told?.detail).toContain(`from registry.ollama.ai, ${what}.`);
      expect(told?.remedy).toContain('No registry is needed where modelctl may write the store');
      expect(onDisk(world)).toEqual({});
    },
  );

  test('takes back what came when the tag moved at the last moment', async () => {
    const world = wayWorld('api');
    const moved = (): void =>
      void world.fake.registry.publish('library/tiny:v1', { weights: 'moved' });
    world.fake.faults.add({ on: 'POST /api/pull', fault: { kind: 'before', act: moved } });
    expect(await act(world, pullOf(world, world.first))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'backend/upstream-moved' },
    });
    expect(onDisk(world)).toEqual({});
  });

  test('lets the engine pull when only it may reach the registry, and says so', async () => {
    for (const code of ['source/unreachable', 'source/unauthorized', 'source/not-found']) {
      const world = wayWorld('api');
      const result = await act(world, pullOf(world, world.first), {
        obtain: () => Promise.reject(new ProblemError(problem(code))),
        revisionUpstream: async () => refused(problem('source/unauthorized')),
      });
      expect(result).toMatchObject({
        outcome: 'pulled',
        digest: world.first.artifact.revision,
        problem: { severity: 'warning', code: 'backend/weaker-way' },
      });
      expect(result.problem?.detail).toContain('by the engine itself: compared afterwards');
    }
  });

  test.each(['files', 'api'] as const)(
    'never lets the engine pull after other bytes came than are locked (%s)',
    async (way) => {
      const world = wayWorld(way);
      const result = await act(world, pullOf(world, world.first), {
        obtain: () => Promise.reject(new ProblemError(problem('transfer/wrong-digest'))),
      });
      expect(result).toMatchObject({
        outcome: 'failed',
        problem: { code: 'transfer/wrong-digest' },
      });
      expect(asked(world)).not.toContain('POST /api/pull');
      expect(onDisk(world)).toEqual({});
    },
  );
});
