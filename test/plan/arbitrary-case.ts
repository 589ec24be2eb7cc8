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

const bytesOf = { v1: 100, v2: 230, v3: 360, m1: 101 } as const;

/** Resolve refuses two ways of keeping the same weights in memory: each has its own. */
const loadOf = { v1: { contextLength: 1024 }, v2: { contextLength: 2048 }, v3: {} } as const;

const sourceModel = fc
  .record(
    {
      name,
      backend,
      digest: word,
      imported: fc.boolean(),
      residency,
      priority: fc.integer({ min: -2, max: 2 }),
      isPlain: fc.boolean(),
      /** So that Models move between engines and change their names. */
      model: fc.constantFrom('one', 'two', 'three'),
    },
    { requiredKeys: ['name', 'digest', 'isPlain'] },
  )
  .map(({ isPlain, ...one }) => ({
    ...one,
    bytes: bytesOf[one.digest],
    load: isPlain ? {} : loadOf[one.digest],
  }))
  // Only what stays loaded has to agree with others over the same weights.
  .map((one) =>
    one.residency === 'loaded' || one.residency === 'pinned'
      ? { ...one, load: loadOf[one.digest] }
      : one,
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
    const load = loadOf[digest];
    const derived = { name: `derived-${base}`, model, backend: at, digest, load } as const;
    return [
      { name: base, model, backend: at, digest, role: 'base' as const, bytes: bytesOf[digest] },
      { ...derived, from: base, recipe: { system }, residency: stays },
      ...(withAlias
        ? [{ name: `alias-${base}`, model, backend: at, digest, aliasOf: derived.name }]
        : []),
    ];
  });

const models = fc
  .tuple(fc.array(sourceModel, { maxLength: 5 }), fc.array(derivedModel, { maxLength: 2 }))
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
      (one) => !('aliasOf' in one) || present.has(`${one.backend ?? 'ollama'} ${one.aliasOf}`),
    );
  });

const held = fc.uniqueArray(
  fc.record(
    {
      name: fc.oneof(
        name,
        name.map((base) => `derived-${base}`),
      ),
      digest: fc.constantFrom('v1', 'v2', 'v3', 'm1'),
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
);

/** `m1` was made from `v1`. Of some contents the engine tells the weights, and of some it doesn't. */
const weightsOf = { v1: 'v1', v2: 'v2', v3: 'v3', m1: 'v1' } as const;

const seen = fc
  .record(
    {
      free: fc.integer({ min: 0, max: 1500 }),
      more: fc.uniqueArray(word),
      told: fc.uniqueArray(fc.constantFrom('v1', 'v2', 'v3', 'm1')),
      holds: held,
    },
    { requiredKeys: ['holds', 'told', 'more'] },
  )
  .map(({ told, holds, more, ...rest }) => {
    const runners = new Map(
      holds.flatMap(({ digest, loaded }) =>
        loaded === undefined ? [] : [[runnerOf(digest, told), loaded] as const],
      ),
    );
    return {
      ...rest,
      blobs: [...new Set([...more, ...holds.map(({ digest }) => digest)])],
      holds: holds.map(({ loaded: _, ...one }) => {
        const loaded = runners.get(runnerOf(one.digest, told));
        return {
          ...one,
          bytes: bytesOf[one.digest],
          ...(told.includes(one.digest) ? { weights: weightsOf[one.digest] } : {}),
          ...(loaded === undefined ? {} : { loaded }),
        };
      }),
    };
  });

/** The same on an engine that counts by name who keeps a model in memory: some of its names do. */
const seenByName = fc
  .tuple(seen, fc.uniqueArray(name), fc.option(fc.integer({ min: 1, max: 3 })))
  .map(([one, holders, slots]) => {
    const isHeld = (digest: string): boolean =>
      one.holds.some(
        (other) => other.digest === digest && holders.some((holder) => holder === other.name),
      );
    return {
      ...one,
      ...(slots === null ? {} : { slots }),
      holds: one.holds.map(({ loaded, ...item }) => {
        const ownHold = holders.some((holder) => holder === item.name);
        if (loaded === undefined || !isHeld(item.digest)) return item;
        return { ...item, loaded: { ...loaded, ownHold, ...(ownHold ? {} : { expires: 0 }) } };
      }),
    };
  });

/** One runner for all names over the same weights, as far as it can be told that they are. */
const runnerOf = (digest: keyof typeof weightsOf, told: readonly string[]): string =>
  told.includes(digest) ? weightsOf[digest] : digest;

const owns = fc
  .uniqueArray(
    fc.record(
      {
        name: fc.oneof(
          name,
          name.map((base) => `derived-${base}`),
        ),
        digest: fc.option(fc.constantFrom('v1', 'v2', 'v3', 'm1')),
        backend,
        model: fc.constantFrom('one', 'two', 'three'),
        base: name,
        set: fc.constantFrom('set-1', 'set-1', 'set-1', 'set-2'),
        adopted: fc.boolean(),
        residency,
        prune: fc.constantFrom('Delete', 'Keep', 'Confirm'),
      },
      { requiredKeys: ['name', 'digest'] },
    ),
    {
      selector: (one) => `${one.set ?? 'set-1'} ${one.backend ?? 'ollama'} ${one.name}`,
      maxLength: 8,
    },
  )
  // Nothing is built on what is built on it.
  .map((entries) =>
    entries.map(({ base, ...one }) =>
      base !== undefined && base < one.name ? { ...one, base } : one,
    ),
  );

/** Of an engine that answers: what one holds that has yet to be started is not known beforehand. */
const service = fc.record(
  {
    wants: fc.constant({ A: '2' }),
    written: fc.constantFrom(null, { A: '1' }, { A: '2' }, { A: '2', B: '1' }),
    running: fc.constantFrom('unknown' as const, {}, { A: '1' }, { A: '2' }),
    recorded: fc.constantFrom(null, { A: '1' }, { A: '2' }),
    untried: fc.boolean(),
    unattended: fc.boolean(),
  },
  { requiredKeys: ['wants'] },
);

export const arbitraryCase = fc
  .record({
    models,
    incomplete: fc.option(fc.constant('Only a part was given.'), { freq: 5 }),
    ollama: fc.oneof(
      { weight: 6, arbitrary: seen },
      { weight: 1, arbitrary: fc.constant('unreachable') },
    ),
    second: fc.oneof(
      { weight: 6, arbitrary: seenByName },
      { weight: 1, arbitrary: fc.constant('unreachable') },
    ),
    registries: fc.dictionary(
      name,
      fc.record({
        kind: fc.constantFrom('moved', 'gone', 'silent'),
        detail: fc.constant('A registry has it so.'),
      }),
      { maxKeys: 2 },
    ),
    service: fc.option(service, { freq: 3, nil: undefined }),
    owns,
    nearby: fc.uniqueArray(word),
    mode: fc.constantFrom('writable', 'writable', 'writable', 'read-only'),
    unsupported: fc.option(fc.constantFrom('one', 'two', 'three'), { freq: 5 }),
    made: fc.constantFrom(
      [],
      [{ digest: 'm1', from: 'v1' }],
      [{ digest: 'm1', from: 'v1', base: 'v1', recipe: { system: 'one' } }],
    ),
    interrupted: fc.uniqueArray(name, { maxLength: 2 }),
    approved: fc.uniqueArray(name),
    recent: fc.uniqueArray(fc.constantFrom('one', 'two', 'x', 'y'), { maxLength: 3 }),
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
    ({
      models: wanted,
      incomplete,
      unsupported,
      ollama,
      second,
      registries,
      service: run,
      options,
      recent,
      nearby,
      ...ledger
    }): PlanCase => ({
      title: 'random',
      ...(run === undefined || ollama === 'unreachable' ? {} : { services: { ollama: run } }),
      desired: {
        models: wanted.filter((one) => one.model !== unsupported),
        ...(incomplete === null ? {} : { incomplete }),
        ...(unsupported === null
          ? {}
          : { held: [{ ...unable, name: unsupported, model: unsupported }] }),
      },
      nearby,
      observed: { ollama, second } as NonNullable<PlanCase['observed']>,
      registries,
      ledger: { ...ledger, recent: { ollama: recent } } as NonNullable<PlanCase['ledger']>,
      options,
      plan: '',
    }),
  );

const unable = { because: 'unsupported', detail: 'It cannot.', remedy: 'Edit it.' } as const;
