// Random plan cases over few names and digests, so that collisions, which are where planners go
// wrong, are the rule and not the exception.
import fc from 'fast-check';
import type { PlanCase } from './plan-case.ts';

const names = ['a:1b', 'b:1b', 'c:1b', 'd:1b', 'a:1b-ft', 'aa:1b'] as const;
const name = fc.constantFrom(...names);
const word = fc.constantFrom('v1', 'v2', 'v3');
const residency = fc.constantFrom('optional', 'stored', 'loaded', 'pinned');
const backend = fc.constantFrom('ollama', 'second');
const contextLength = fc.constantFrom(1024, 2048);

const sourceModel = fc.record(
  {
    name,
    backend,
    digest: word,
    bytes: fc.integer({ min: 1, max: 400 }),
    imported: fc.boolean(),
    residency,
    priority: fc.integer({ min: -2, max: 2 }),
    load: fc.record({ contextLength }, { requiredKeys: [] }),
  },
  { requiredKeys: ['name', 'digest', 'bytes'] },
);

const derivedModel = fc
  .record({
    base: name,
    backend,
    digest: word,
    system: fc.constantFrom('one', 'two'),
    residency: fc.constantFrom('stored', 'loaded'),
    withAlias: fc.boolean(),
  })
  .map(({ base, backend: at, digest, system, residency: stays, withAlias }) => {
    const model = `derived-${base}`;
    const derived = { name: `derived-${base}`, model, backend: at, digest } as const;
    return [
      { name: base, model, backend: at, digest, role: 'base' as const, bytes: 100 },
      { ...derived, from: base, recipe: { system }, residency: stays },
      ...(withAlias
        ? [{ name: `alias-${base}`, model, backend: at, digest, aliasOf: derived.name }]
        : []),
    ];
  });

const models = fc
  .tuple(
    fc.array(sourceModel, { maxLength: 5 }),
    fc.array(derivedModel, { maxLength: 2 }),
  )
  .map(([sources, derived]) => {
    // Resolve has merged or refused whatever claims a name twice before the planner sees it.
    const unique = new Map(
      [...sources, ...derived.flat()].map((one) => [`${one.backend ?? 'ollama'} ${one.name}`, one]),
    );
    const whole = [...unique.values()].filter((one) => {
      const at = (other: string) => unique.get(`${one.backend ?? 'ollama'} ${other}`);
      const base = 'from' in one ? at(one.from) : undefined;
      return !('from' in one) || (base !== undefined && base.digest === one.digest);
    });
    const present = new Set(whole.map((one) => `${one.backend ?? 'ollama'} ${one.name}`));
    return whole.filter(
      (one) =>
        !('aliasOf' in one) || present.has(`${one.backend ?? 'ollama'} ${one.aliasOf}`),
    );
  });

const seen = fc.record(
  {
    free: fc.integer({ min: 0, max: 1500 }),
    blobs: fc.uniqueArray(word),
    holds: fc.uniqueArray(
      fc.record(
        {
          name: fc.oneof(name, name.map((base) => `derived-${base}`)),
          digest: word,
          bytes: fc.integer({ min: 1, max: 400 }),
          weights: word,
          loaded: fc.record(
            {
              expires: fc.constantFrom('never', 5),
              inUse: fc.boolean(),
              load: fc.record({ contextLength }, { requiredKeys: [] }),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: ['name', 'digest'] },
      ),
      { selector: (one) => one.name, maxLength: 6 },
    ),
  },
  { requiredKeys: ['holds'] },
);

const owns = fc.uniqueArray(
  fc.record(
    {
      name: fc.oneof(name, name.map((base) => `derived-${base}`)),
      digest: fc.option(word),
      backend,
      set: fc.constantFrom('set-1', 'set-1', 'set-1', 'set-2'),
      adopted: fc.boolean(),
      residency,
      prune: fc.constantFrom('Delete', 'Keep', 'Confirm'),
    },
    { requiredKeys: ['name', 'digest'] },
  ),
  { selector: (one) => `${one.set ?? 'set-1'} ${one.backend ?? 'ollama'} ${one.name}`, maxLength: 8 },
);

export const arbitraryCase = fc
  .record({
    models,
    incomplete: fc.option(fc.constant('Only a part was given.'), { freq: 5 }),
    ollama: fc.oneof({ weight: 6, arbitrary: seen }, { weight: 1, arbitrary: fc.constant('unreachable') }),
    second: fc.oneof({ weight: 6, arbitrary: seen }, { weight: 1, arbitrary: fc.constant('unreachable') }),
    owns,
    made: fc.uniqueArray(fc.record({ digest: word, from: word }), { selector: (one) => one.digest }),
    interrupted: fc.uniqueArray(name, { maxLength: 2 }),
    approved: fc.uniqueArray(name),
    recent: fc.nat({ max: 3 }),
    options: fc.record(
      {
        prune: fc.boolean(),
        takeOver: fc.uniqueArray(name, { maxLength: 2 }),
        allowEvictions: fc.nat({ max: 6 }),
      },
      { requiredKeys: ['prune'] },
    ),
  })
  .map(
    ({ models: wanted, incomplete, ollama, second, options, recent, ...ledger }): PlanCase => ({
      title: 'random',
      desired: { models: wanted, ...(incomplete === null ? {} : { incomplete }) } as NonNullable<
        PlanCase['desired']
      >,
      observed: { ollama, second } as NonNullable<PlanCase['observed']>,
      ledger: { ...ledger, recent: { ollama: recent } } as NonNullable<PlanCase['ledger']>,
      options,
      plan: '',
    }),
  );
