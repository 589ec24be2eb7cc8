import { describe, expect, test } from 'vitest';
import type { BackendReference } from '../../src/core/backend-reference.ts';
import type { DesiredPlacement } from '../../src/core/desired.ts';
import { emptyLedger, type InventoryEntry, type LedgerView } from '../../src/core/inventory.ts';
import { placementKey } from '../../src/core/key.ts';
import type { BackendObservation } from '../../src/core/observed.ts';
import type { Plan } from '../../src/core/plan.ts';
import { errorProblem } from '../../src/core/problem.ts';
import { type JoinInput, joinModels } from '../../src/survey/join.ts';
import { artifact, digestOf, emptyPlan, ollama, pull } from '../render/plan-values.ts';

const reference: BackendReference = {
  host: ollama.host,
  id: ollama.backend,
  type: 'ollama',
  name: null,
  endpoint: ollama.backend,
  store: null,
  auth: null,
};

const holding = (...names: readonly string[]): BackendObservation => ({
  kind: 'reachable',
  version: '1',
  placements: new Map(
    names.map((name) => [
      name,
      { name, digest: digestOf('a'), bytes: 5, details: null, loaded: null },
    ]),
  ),
  presentBlobs: new Set(),
  disk: { kind: 'unknown' },
  learned: new Map(),
});

const down: BackendObservation = {
  kind: 'unreachable',
  problem: errorProblem({ code: 'ollama/unreachable', summary: 'Down', detail: 'It is down.' }),
};

const owning = (...names: readonly string[]): LedgerView => ({
  ...emptyLedger,
  inventory: names.map(
    (name): InventoryEntry => ({
      ...ollama,
      name,
      set: 'f00d',
      model: `model-of-${name}`,
      role: 'model',
      digest: digestOf('e'),
      made: null,
      adopted: false,
      residency: 'stored',
      prune: 'Delete',
      base: null,
    }),
  ),
});

const declaring = (plan: Partial<Plan>, ...names: readonly string[]): JoinInput['declared'] => ({
  plan: { ...emptyPlan, ...plan },
  desired: {
    set: 'f00d',
    revision: digestOf('1'),
    complete: true,
    incompleteBecause: null,
    held: [],
    heldModels: new Set(),
    warnings: [],
    placements: new Map(
      names.map((name) => {
        const placement: DesiredPlacement = {
          ...ollama,
          key: placementKey({ ...ollama, name }),
          name,
          model: 'coder',
          role: 'model',
          build: { kind: 'source' },
          artifact,
          digest: null,
          residency: 'loaded',
          load: {},
          prune: 'Delete',
          priority: 0,
          origin: { file: 'm.yaml', line: 1, column: 1 },
        };
        return [placement.key, placement];
      }),
    ),
  },
});

const joined = (input: Partial<JoinInput> & { readonly observation: BackendObservation }) =>
  joinModels({
    sightings: [{ reference, observation: input.observation }],
    view: input.view ?? emptyLedger,
    declared: input.declared ?? null,
    labels: input.labels ?? new Map(),
  });

const told = (input: Parameters<typeof joined>[0]): readonly string[] =>
  joined(input).map(({ name, presence, status }) => `${name} ${presence} ${status}`);

describe('without manifests', () => {
  test('what is there is owned or not, and what is owned and gone is told', () => {
    expect(told({ observation: holding('b', 'a'), view: owning('b', 'c') })).toEqual([
      'a there NotOwned',
      'b there Owned',
      'c absent Owned',
    ]);
  });

  test('what an engine holds that is down is unknown, never gone', () => {
    const [only] = joined({ observation: down, view: owning('b') });
    expect(only).toMatchObject({
      presence: 'unknown',
      status: 'Owned',
      digest: digestOf('e'),
      bytes: null,
    });
  });
});

describe('with manifests', () => {
  const at = (name: string) => ({ ...ollama, name, model: 'coder' });

  test('each name has the place that the plan gives it', () => {
    const declared = declaring(
      {
        actions: [
          { ...pull, name: 'pending' },
          { ...pull, kind: 'evict', name: 'evicted', replaces: digestOf('a') },
        ],
        unchanged: [
          {
            ...at('same'),
            role: 'model',
            digest: digestOf('a'),
            residency: 'loaded',
            adopted: false,
          },
        ],
        held: [{ ...at('held'), because: 'conflict', detail: 'Not ours.', remedy: 'Take over.' }],
        leftovers: [{ ...at('left'), digest: digestOf('a'), bytes: 1, remedy: 'Prune.' }],
      },
      'pending',
      'same',
      'held',
      'optional',
    );
    const observation = holding('same', 'held', 'left', 'evicted', 'foreign', 'elsewhere');
    expect(told({ observation, declared, view: owning('elsewhere', 'left', 'evicted') })).toEqual([
      'elsewhere there Owned',
      'evicted there LeftOver',
      'foreign there NotDeclared',
      'held there Held',
      'left there LeftOver',
      'optional absent InSync',
      'pending absent Pending',
      'same there InSync',
    ]);
  });

  test('names carry the labels, the residency and the reason of what wants them', () => {
    const declared = declaring({ actions: [{ ...pull, name: 'pending' }] }, 'pending');
    const labels = new Map([['coder', { team: 'search' }]]);
    expect(joined({ observation: holding(), declared, labels })[0]).toMatchObject({
      model: 'coder',
      residency: 'loaded',
      labels: { team: 'search' },
      detail: 'pull: It is not there.',
    });
  });
});
