// Between engines no byte moves over the network: for every input, what one of them gives up stays
// until the other has what it was to take from there.
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { backendKey, placementKey } from '../../src/core/key.ts';
import { plan } from '../../src/plan/plan.ts';
import { applied } from './applied.ts';
import { type PlanCase, planInputOf } from './plan-case.ts';

const runs = { numRuns: Number(process.env['MODELCTL_TEST_RUNS'] ?? 1000) };
vi.setConfig({ testTimeout: Math.max(20_000, runs.numRuns * 20) });

const engines = ['ollama', 'second'] as const;
const words = ['v1', 'v2', 'v3', 'v4', 'v5'] as const;
const bytes = 100;

/** Models of a set that are there, and what an edit does to each; and others, which need room. */
const edited = fc
  .record({
    fates: fc.tuple(
      ...words.map(() => fc.constantFrom('moves', 'moves', 'is renamed', 'goes', 'stays')),
    ),
    from: fc.tuple(...words.map(() => fc.constantFrom(...engines))),
    told: fc.subarray([...words]),
    more: fc.array(fc.constantFrom(...engines), { maxLength: 3 }),
    room: fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })),
  })
  .map(({ fates, from, told, more, room }): PlanCase => {
    const there = words.map((digest, at) => ({ digest, backend: from[at]!, fate: fates[at]! }));
    const wanted = there.flatMap(({ digest, backend, fate }) => {
      const other = backend === 'ollama' ? 'second' : 'ollama';
      const model = fate === 'is renamed' ? `new-${digest}` : `model-${digest}`;
      if (fate === 'goes') return [];
      return [{ name: digest, model, digest, bytes, backend: fate === 'stays' ? backend : other }];
    });
    const added = more.map((backend, at) => ({
      name: `more-${at}`,
      model: `more-${at}`,
      digest: `m${at}`,
      bytes,
      backend,
    }));
    const seen = (engine: string, free: number) => ({
      free: free * bytes,
      holds: there
        .filter(({ backend }) => backend === engine)
        .map(({ digest }) => ({
          name: digest,
          digest,
          bytes,
          ...(told.includes(digest) ? { weights: digest } : {}),
        })),
    });
    return {
      title: 'random',
      desired: { models: [...wanted, ...added] },
      observed: { ollama: seen('ollama', room[0]), second: seen('second', room[1]) },
      nearby: [...words],
      ledger: {
        owns: there.map(({ digest, backend }) => ({
          name: digest,
          model: `model-${digest}`,
          digest,
          backend,
        })),
      },
      options: { prune: true, allowEvictions: 9 },
      plan: '',
    };
  });

type Input = ReturnType<typeof planInputOf>;
type Result = ReturnType<typeof plan>;

/** Each eviction with each build of another engine that counts on what it takes away. */
function* handedOver(input: Input, { actions }: Result) {
  for (const evict of actions) {
    if (evict.kind !== 'evict') continue;
    const backend = input.observed.backends.get(backendKey(evict));
    const there = backend?.kind === 'reachable' ? backend.placements.get(evict.name) : undefined;
    const weights = there?.details?.weights;
    for (const build of actions) {
      const isBuild = build.kind === 'pull' || build.kind === 'create';
      if (!isBuild || backendKey(build) === backendKey(evict)) continue;
      const placement = input.desired.placements.get(placementKey(build));
      const takes = placement?.build.kind === 'source' && placement.artifact.weights === weights;
      const isNearby =
        weights !== undefined && weights !== null && input.observed.nearby?.has(weights);
      if (build.model === evict.model || (takes && isNearby === true)) yield { evict, build };
    }
  }
}

it('evicts nothing before the other engine has it', () => {
  fc.assert(
    fc.property(edited, (one) => {
      const input = planInputOf(one);
      for (const { evict, build } of handedOver(input, plan(input))) {
        expect(evict.after).toContain(build.id);
        expect(evict.reason).toBe('pruned');
      }
    }),
    runs,
  );
});

it('evicts nothing of which the other engine could not be given all', () => {
  fc.assert(
    fc.property(edited, fc.nat({ max: 8 }), (one, failing) => {
      const input = planInputOf(one);
      const result = plan(input);
      const pairs = [...handedOver(input, result)];
      fc.pre(pairs.length > 0);
      const { build } = pairs[failing % pairs.length]!;
      const kept = pairs.filter((pair) => pair.build.id === build.id).map(({ evict }) => evict);
      const after = applied(input, result, { failing: new Set([build.id]) });
      for (const evict of kept) {
        const backend = after.observed.backends.get(backendKey(evict));
        expect(backend?.kind === 'reachable' && backend.placements.has(evict.name)).toBe(true);
      }
    }),
    runs,
  );
});
