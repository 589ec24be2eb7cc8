// Values that the tests of the record build their worlds from: small, valid, and different where
// a test says so.
import type { Artifact } from '../../src/core/artifact.ts';
import type { BackendReference } from '../../src/core/backend-reference.ts';
import { type ChangeSetEntry, type Outcome, outcomeOf } from '../../src/core/changeset.ts';
import type { Desired, DesiredPlacement } from '../../src/core/desired.ts';
import type { Digest } from '../../src/core/digest.ts';
import { sha256Text } from '../../src/core/hash.ts';
import type { InventoryEntry } from '../../src/core/inventory.ts';
import { placementKey } from '../../src/core/key.ts';
import type {
  BackendObservation,
  Details,
  LoadedState,
  Observed,
  ObservedPlacement,
} from '../../src/core/observed.ts';
import type { Action, ActionKind, Plan, Unchanged } from '../../src/core/plan.ts';
import { errorProblem } from '../../src/core/problem.ts';

export const host = 'local';
export const backend = 'http://127.0.0.1:11434';
export const backendAt = `${host}|${backend}`;

export const digestOf = (text: string): Digest => sha256Text(text);
export const keyOf = (name: string) => placementKey({ host, backend, name });

export const engine: BackendReference = {
  host,
  id: backend,
  type: 'ollama',
  name: null,
  endpoint: backend,
  store: null,
  auth: null,
};

export const scope = (set = 'set-a') => ({
  set,
  location: '/home/user/models',
  backends: [engine],
  engine,
});

export const entry = (name: string, changes: Partial<InventoryEntry> = {}): InventoryEntry => ({
  set: 'set-a',
  host,
  backend,
  name,
  model: name,
  role: 'model',
  digest: digestOf(name),
  made: null,
  adopted: false,
  residency: 'stored',
  prune: 'Delete',
  base: null,
  ...changes,
});

export const artifact = (name: string): Artifact => ({
  source: `ollama://registry.ollama.ai/library/${name}`,
  revision: digestOf(name),
  files: [{ path: 'model.gguf', bytes: 10, digest: digestOf(`${name} weights`) }],
  weights: digestOf(`${name} weights`),
  facts: {},
});

export const placement = (
  name: string,
  changes: Partial<DesiredPlacement> = {},
): DesiredPlacement => ({
  key: keyOf(name),
  host,
  backend,
  name,
  model: name,
  role: 'model',
  build: { kind: 'source' },
  artifact: artifact(name),
  digest: digestOf(name),
  residency: 'stored',
  load: {},
  prune: 'Delete',
  priority: 0,
  origin: { file: '/models.yaml', line: 1, column: 1 },
  ...changes,
});

export const desired = (
  placements: readonly DesiredPlacement[],
  changes: Partial<Desired> = {},
): Desired => ({
  set: 'set-a',
  revision: digestOf('revision'),
  complete: true,
  incompleteBecause: null,
  placements: new Map(placements.map((one) => [one.key, one])),
  held: [],
  heldModels: new Set(),
  warnings: [],
  ...changes,
});

export const thing = (
  name: string,
  changes: Partial<ObservedPlacement> = {},
): ObservedPlacement => ({
  name,
  digest: digestOf(name),
  bytes: 10,
  details: null,
  loaded: null,
  ...changes,
});

export const kept: LoadedState = {
  expiresAt: 'never',
  load: {},
  memoryBytes: 1,
  vramBytes: 0,
  inUse: 'unknown',
};

export const details = (text: string): Details => ({
  weights: digestOf(text),
  recipe: { system: text },
});

export const reachable = (
  things: readonly ObservedPlacement[],
  learned: ReadonlyMap<Digest, Details> = new Map(),
): BackendObservation => ({
  kind: 'reachable',
  version: '0.9.0',
  placements: new Map(things.map((one) => [one.name, one])),
  presentBlobs: new Set(),
  disk: { kind: 'unknown' },
  learned,
});

export const unreachable: BackendObservation = {
  kind: 'unreachable',
  problem: errorProblem({ code: 'test/down', summary: 'Down', detail: 'It is down.' }),
};

export const observed = (observation: BackendObservation): Observed => ({
  backends: new Map([[backendAt, observation]]),
});

/** `kind` with everything that its name implies; `changes` may be fields of any kind. */
export function action(kind: ActionKind, name: string, changes: Partial<Action> = {}): Action {
  const base = {
    id: `${kind} ${name}`,
    host,
    backend,
    name,
    model: name,
    reason: kind === 'evict' ? 'pruned' : 'missing',
    because: 'Because.',
    bytes: { download: 0, disk: 10, memory: null },
    after: [],
  } as const;
  const build = { artifact: artifact(name), digest: digestOf(name), replaces: null };
  const actions: Readonly<Record<ActionKind, Action>> = {
    pull: { ...base, ...build, kind: 'pull' },
    create: { ...base, ...build, kind: 'create', build: { kind: 'source' } },
    configure: { ...base, kind: 'configure', changes: [] },
    restart: { ...base, kind: 'restart', reveals: false },
    load: { ...base, kind: 'load', load: {} },
    unload: { ...base, kind: 'unload' },
    evict: { ...base, kind: 'evict', replaces: digestOf(name) },
  };
  return { ...actions[kind], ...changes } as Action;
}

export const change = (
  of: Action,
  outcome: Outcome = outcomeOf[of.kind],
  changes: Partial<ChangeSetEntry> = {},
): ChangeSetEntry => ({
  action: of,
  outcome,
  digest: outcome === 'failed' || of.kind === 'evict' ? null : digestOf(of.name),
  downloadedBytes: 0,
  durationMs: 12,
  ...changes,
});

export const unchanged = (name: string, changes: Partial<Unchanged> = {}): Unchanged => ({
  host,
  backend,
  name,
  model: name,
  role: 'model',
  digest: digestOf(name),
  residency: 'stored',
  adopted: false,
  ...changes,
});

export const plan = (changes: Partial<Plan> = {}): Plan => ({
  set: 'set-a',
  revision: digestOf('revision'),
  fingerprint: digestOf('fingerprint'),
  actions: [],
  unchanged: [],
  held: [],
  leftovers: [],
  released: [],
  drift: [],
  warnings: [],
  ...changes,
});
