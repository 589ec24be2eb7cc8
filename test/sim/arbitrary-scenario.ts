// Random scenarios. Few models, names and moments, so that what goes wrong meets what is going on.
import fc from 'fast-check';
import type { Fault } from '../fakes/ollama/faults.ts';
import type { EngineName } from './engine.ts';
import type { Kill } from './life.ts';
import { type ModelSpec, modelNames, tags, versionsOfTag } from './manifests.ts';
import type { Outside, Step } from './steps.ts';

export interface Scenario {
  /** Of latencies, backoff and all else that the world itself decides. */
  readonly seed: number;
  readonly steps: readonly Step[];
}

const engine = fc.constantFrom<EngineName>('main', 'main', 'side');
const model = fc.constantFrom(...modelNames);
const pick = fc.nat({ max: 40 });

/** Null otherwise; `share` says how often it is not. */
const maybe = <T>(share: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof(
    { weight: Math.round(100 - share * 100), arbitrary: fc.constant(null) },
    { weight: Math.round(share * 100), arbitrary: value },
  );

export const arbitrarySpec: fc.Arbitrary<ModelSpec> = fc
  .record({
    model,
    source: fc.constantFrom(
      'own:v1',
      'own:v1',
      'own:v2',
      'shared:v1',
      'file-one',
      'file-two',
      'web-one',
    ),
    served: maybe(0.25, fc.constant('chat')),
    aliases: fc.subarray(['gpt', 'own-alias']),
    system: maybe(0.33, fc.constantFrom('one', 'two')),
    contextLength: maybe(0.25, fc.constantFrom(1024, 2048)),
    threads: maybe(0.1, fc.constant(2)),
    residency: fc.constantFrom('optional', 'stored', 'stored', 'loaded', 'pinned'),
    engines: fc.constantFrom<readonly EngineName[]>(['main'], ['main'], ['side'], ['main', 'side']),
    prune: fc.constantFrom('Delete', 'Delete', 'Delete', 'Keep', 'Confirm'),
  })
  .map(({ served, system, contextLength, threads, aliases, source, ...rest }) => {
    // Only a derived name, or one of its own, may stand on what several Models share.
    const derived = [system, contextLength, threads].some((one) => one !== null);
    const shared = source === 'shared:v1' && !derived;
    const name = served !== null || shared ? `${rest.model}-chat` : null;
    return {
      ...rest,
      source,
      aliases: aliases.map((alias) => (alias === 'own-alias' ? `${rest.model}-alias` : alias)),
      ...(name === null ? {} : { served: name }),
      ...(system === null ? {} : { system }),
      ...(contextLength === null ? {} : { contextLength }),
      ...(threads === null ? {} : { threads }),
    };
  });

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>(
    { kind: 'refuse' },
    { kind: 'hang' },
    { kind: 'mute' },
    { kind: 'ignore' },
    { kind: 'answer', status: 500, body: '{"error":"something broke"}' },
    { kind: 'answer', status: 503, body: '{"error":"server busy, please try again."}' },
    { kind: 'omit', text: 'success' },
  ),
  fc.record({ kind: fc.constant('cut' as const), afterLines: fc.nat({ max: 6 }) }),
  fc.record({
    kind: fc.constant('error-line' as const),
    afterLines: fc.nat({ max: 6 }),
    text: fc.constantFrom('no space left on device', 'max retries exceeded: EOF'),
  }),
);

const brokenRequest = fc.record({
  kind: fc.constant('fault' as const),
  on: fc.constantFrom(
    '^POST /api/pull',
    '^POST /api/create',
    '^POST /api/(?:pull|create|copy)',
    '^POST /api/copy',
    '^POST /api/generate',
    '^POST /api/blobs',
    '^POST /api/show',
    '^DELETE ',
    '^GET /api/(?:tags|ps)',
  ),
  fault,
  times: fc.integer({ min: 1, max: 4 }),
  skip: fc.nat({ max: 3 }),
});

const outside: fc.Arbitrary<Outside> = fc.record({
  engine,
  act: fc.oneof(
    fc.record({
      kind: fc.constantFrom('remove', 'remove', 'overwrite', 'install', 'load', 'unload'),
      pick,
    }),
    fc.record({ kind: fc.constant('copy' as const), pick, onto: pick }),
    fc.record({
      kind: fc.constant('state' as const),
      state: fc.constantFrom('up', 'up', 'down', 'slow'),
    }),
    fc.record({ kind: fc.constant('restart' as const) }),
    brokenRequest,
  ),
});

const kill: fc.Arbitrary<Kill> = fc.record({
  effect: fc.nat({ max: 60 }),
  when: fc.constantFrom('before', 'during', 'after'),
  afterMs: fc.integer({ min: 1, max: 60 }),
});

const apply: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('apply' as const),
  prune: fc.boolean(),
  takeOver: fc.constantFrom(false, false, true),
  allowEvictions: fc.constantFrom(false, false, true),
  targets: maybe(0.08, fc.subarray([...modelNames], { minLength: 1, maxLength: 2 })),
  locked: fc.constantFrom(false, false, false, false, true),
  kill: maybe(0.5, kill),
  interruptAfterMs: maybe(0.15, fc.nat({ max: 600 })),
  faults: fc.array(fc.record({ engine, act: brokenRequest }), { maxLength: 2 }),
  meanwhile: fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 400 }), act: outside }), {
    maxLength: 2,
  }),
});

const minuteMs = 60_000;

const edit: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), spec: arbitrarySpec }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), model }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('empty' as const, 'revert' as const) }) },
);

const event: fc.Arbitrary<Step> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ do: fc.constant('outside' as const), act: outside }) },
  fc.record({ do: fc.constant('plan' as const), prune: fc.boolean() }),
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(minuteMs, 6 * minuteMs, 25 * 60 * minuteMs),
  }),
  fc.record({
    do: fc.constant('jump' as const),
    ms: fc.constantFrom(-60 * minuteMs, -1, 60 * minuteMs, 400 * 24 * 60 * minuteMs),
  }),
  fc.record({
    do: fc.constant('ledger' as const),
    becomes: fc.constantFrom('lost', 'lost', 'damaged'),
  }),
  fc.record({ do: fc.constant('disk' as const), isFull: fc.boolean() }),
  fc.record({
    do: fc.constant('host' as const),
    host: fc.constantFrom('registry.ollama.ai', 'files.example'),
    isDown: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('tag' as const),
    tag: fc.constantFrom(...tags),
    version: fc.constantFrom(...versionsOfTag),
  }),
  fc.record({
    do: fc.constant('file' as const),
    file: fc.constantFrom('one', 'two'),
    version: fc.constantFrom('first', 'changed'),
  }),
);

/** People edit, things happen, somebody runs the program. */
const round: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(edit, { maxLength: 3, size: 'max' }),
    fc.array(event, { maxLength: 2, size: 'max' }),
    apply,
  )
  .map(([edits, events, run]) => [...edits, ...events, run]);

export const arbitraryScenario: fc.Arbitrary<Scenario> = fc
  .record({
    seed: fc.noShrink(fc.nat()),
    rounds: fc.array(round, { minLength: 1, maxLength: 7, size: 'max' }),
  })
  .map(({ seed, rounds }) => ({ seed, steps: rounds.flat() }));
