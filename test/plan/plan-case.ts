// Reads one plan case: a YAML file in which a person can see what is wanted, what is there and
// what the ledger knows. Short words stand for digests: `v1` means the digest of the text `v1`.
import type { Artifact } from '../../src/core/artifact.ts';
import type { Build, Desired, DesiredPlacement } from '../../src/core/desired.ts';
import type { Digest } from '../../src/core/digest.ts';
import { sha256Text } from '../../src/core/hash.ts';
import {
  correctionOf,
  type InventoryEntry,
  type LedgerView,
  modelOfSet,
  placementOfSet,
} from '../../src/core/inventory.ts';
import { backendKey, type PlacementKey, placementKey } from '../../src/core/key.ts';
import { type Made, recipeDigest } from '../../src/core/made.ts';
import type {
  BackendObservation,
  Details,
  ObservedPlacement,
  RegistryAnswer,
} from '../../src/core/observed.ts';
import { errorProblem, type Problem, warningProblem } from '../../src/core/problem.ts';
import type { DesiredService } from '../../src/core/service.ts';
import { wantedDigest } from '../../src/core/wanted.ts';
import type { PlanInput } from '../../src/plan/plan.ts';
import type { CaseService, MadeFrom, PlanCase, SeenBackend, WantedModel } from './case-shape.ts';

export type { PlanCase } from './case-shape.ts';

const defaultBackend = 'ollama';
const digestOf = (word: string): Digest => sha256Text(word);

export function planInputOf(one: PlanCase): PlanInput {
  const placements = new Map<PlacementKey, DesiredPlacement>();
  for (const wanted of one.desired?.models ?? []) {
    const placement = placementFor(wanted);
    placements.set(placement.key, placement);
  }
  const held = (one.desired?.held ?? []).map((item) => ({
    ...item,
    host: 'local',
    backend: item.backend ?? defaultBackend,
  }));
  const incompleteBecause = one.desired?.incomplete ?? null;
  const desired: Desired = {
    set: one.desired?.set ?? 'set-1',
    revision: digestOf('revision'),
    complete: incompleteBecause === null,
    incompleteBecause,
    placements,
    services: servicesFor(one.services ?? {}),
    held,
    heldModels: new Set(held.map(({ model }) => model)),
    warnings: [],
  };
  const { options = {} } = one;
  return {
    desired,
    observed: {
      ...(one.nearby === undefined ? {} : { nearby: new Set(one.nearby.map(digestOf)) }),
      ...(one.registries === undefined ? {} : { registries: answersOf(one.registries) }),
      backends: new Map(
        Object.entries(one.observed ?? { [defaultBackend]: {} }).map(([name, seen]) => [
          backendKey({ host: 'local', backend: name }),
          withService(observationFor(name, seen), one.services?.[name]),
        ]),
      ),
    },
    ledger: ledgerFor(one.ledger ?? {}, placements),
    options: {
      prune: options.prune ?? false,
      takeOver: new Set(options.takeOver),
      allowEvictions: options.allowEvictions ?? null,
      targets: options.targets === undefined ? null : new Set(options.targets),
      refreshOnly: options.refreshOnly ?? false,
      loop:
        options.loop === undefined
          ? null
          : {
              nonConverging: new Map(
                Object.entries(options.loop).map(([name, field]) => [keyOf(name), field]),
              ),
            },
      backends:
        options.backends === undefined
          ? null
          : new Set(options.backends.map((backend) => backendKey({ host: 'local', backend }))),
    },
  };
}

const answersOf = (
  registries: Readonly<Record<string, RegistryAnswer>>,
): ReadonlyMap<PlacementKey, RegistryAnswer> =>
  new Map(
    Object.entries(registries).map(([name, answer]) => [
      placementKey({ host: 'local', backend: defaultBackend, name }),
      answer,
    ]),
  );

const servicesFor = (
  services: NonNullable<PlanCase['services']>,
): ReadonlyMap<string, DesiredService> =>
  new Map(
    Object.entries(services).map(([name, { wants, store }]) => {
      const origin = { file: 'models.yaml', line: 1, column: 1 };
      const at = { host: 'local', backend: name };
      const service = { ...at, owner: name, fields: wants, storeField: store ?? null, origin };
      return [backendKey(at), service] as const;
    }),
  );

function withService(
  observation: BackendObservation,
  service: CaseService | undefined,
): BackendObservation {
  if (service === undefined) return observation;
  const { wants, written = wants, running = wants, obstacle = null } = service;
  const { recorded = written, untried = false, unattended = false } = service;
  return {
    ...observation,
    service: { written, running, recorded, untried, unattended, problem: null, obstacle },
  };
}

function placementFor(wanted: WantedModel): DesiredPlacement {
  const at = { host: 'local', backend: wanted.backend ?? defaultBackend, name: wanted.name };
  const model = wanted.model ?? wanted.name;
  const known = !wanted.imported && wanted.from === undefined && wanted.aliasOf === undefined;
  return {
    ...at,
    key: placementKey(at),
    model,
    role: wanted.role ?? (wanted.aliasOf === undefined ? 'model' : 'alias'),
    build: buildFor(wanted),
    artifact: artifactFor(wanted),
    digest: known ? digestOf(wanted.digest ?? model) : null,
    residency: wanted.residency ?? 'stored',
    load: wanted.load ?? {},
    prune: wanted.prune ?? 'Delete',
    priority: wanted.priority ?? 0,
    ...(wanted.driftPolicy === undefined ? {} : { driftPolicy: wanted.driftPolicy }),
    origin: { file: 'models.yaml', line: 1, column: 1 },
  };
}

function buildFor({ from, recipe, aliasOf }: WantedModel): Build {
  if (from !== undefined) return { kind: 'derive', base: from, recipe: recipe ?? {} };
  return aliasOf === undefined ? { kind: 'source' } : { kind: 'alias', of: aliasOf };
}

function artifactFor(wanted: WantedModel): Artifact {
  const revision = digestOf(wanted.digest ?? wanted.model ?? wanted.name);
  return {
    source: sourceFor(wanted),
    ...(wanted.manifest === true ? { manifest: '{}' } : {}),
    revision,
    files: [{ path: 'weights', bytes: wanted.bytes ?? 100, digest: revision }],
    weights: revision,
    facts: wanted.context === undefined ? {} : { contextLength: wanted.context },
  };
}

const sourceFor = ({ name, imported, web }: WantedModel): string =>
  imported
    ? web
      ? `https://example.com/${name}.gguf`
      : `file://./${name}.gguf`
    : `ollama://${name}`;

function observationFor(name: string, seen: SeenBackend | 'unreachable'): BackendObservation {
  if (seen === 'unreachable') {
    const problem = errorProblem({
      code: 'backend/unreachable',
      summary: 'An engine does not answer',
      detail: `${name} does not answer.`,
      retry: 'later',
    });
    return { kind: 'unreachable', problem };
  }
  const holds = (seen.holds ?? []).map((item): ObservedPlacement => {
    const known = item.weights !== undefined || item.recipe !== undefined;
    const details: Details = {
      weights: item.weights === undefined ? null : digestOf(item.weights),
      recipe: item.recipe ?? {},
    };
    return {
      name: item.name,
      digest: digestOf(item.digest),
      bytes: item.bytes ?? 100,
      details: known ? details : null,
      ...(item.configured === undefined ? {} : { configured: item.configured }),
      ...(item.cutOff === undefined ? {} : { cutOff: item.cutOff }),
      ...(item.served === undefined ? {} : { served: item.served }),
      loaded:
        item.loaded === undefined
          ? null
          : {
              expiresAt: item.loaded.expires ?? 'never',
              load: item.loaded.load ?? {},
              memoryBytes: 100,
              vramBytes: 0,
              inUse: item.loaded.inUse ?? 'unknown',
              ...(item.loaded.ownHold === undefined ? {} : { ownHold: item.loaded.ownHold }),
            },
    };
  });
  return {
    kind: 'reachable',
    version: '1.0.0',
    placements: new Map(holds.map((item) => [item.name, item])),
    presentBlobs: new Set((seen.blobs ?? []).map(digestOf)),
    disk:
      seen.free === undefined
        ? { kind: 'unknown' }
        : { kind: 'known', freeBytes: seen.free, totalBytes: 1_000_000 },
    learned: new Map(),
    ...(seen.slots === undefined ? {} : { slots: seen.slots }),
    ...(seen.warns === undefined ? {} : { warnings: seen.warns.map(warningOf) }),
    ...(seen.way === undefined
      ? {}
      : { access: { way: seen.way, stagesBeside: seen.beside ?? false } }),
  };
}

const madeOf = ({ from, base, recipe }: MadeFrom): Made => ({
  revision: digestOf(from),
  base: base === undefined ? null : digestOf(base),
  recipe: recipe === undefined ? null : recipeDigest(recipe),
});

const keyOf = (name: string): PlacementKey =>
  placementKey({ host: 'local', backend: defaultBackend, name });

type Placements = ReadonlyMap<PlacementKey, DesiredPlacement>;

function wantedNow(name: string, placements: Placements): Digest {
  const placement = placements.get(keyOf(name));
  if (placement === undefined) throw new Error(`${name} is not wanted`);
  return wantedDigest(placement);
}

function ledgerFor(ledger: NonNullable<PlanCase['ledger']>, placements: Placements): LedgerView {
  const inventory = (ledger.owns ?? []).map((item): InventoryEntry => {
    const digest = item.digest === undefined ? (item.model ?? item.name) : item.digest;
    return {
      host: 'local',
      backend: item.backend ?? defaultBackend,
      name: item.name,
      set: item.set ?? 'set-1',
      model: item.model ?? item.name,
      role: item.base === undefined ? 'model' : 'alias',
      digest: digest === null ? null : digestOf(digest),
      made: item.made === undefined ? null : madeOf(item.made),
      adopted: item.adopted ?? false,
      residency: item.residency ?? 'stored',
      prune: item.prune ?? 'Delete',
      base: item.base ?? null,
      ...(item.settled === undefined
        ? {}
        : { settled: item.settled ? wantedNow(item.name, placements) : digestOf('before') }),
    };
  });
  const made = (ledger.made ?? []).map((item): [Digest, Made] => [
    digestOf(item.digest),
    madeOf(item),
  ]);
  const key = backendKey({ host: 'local', backend: defaultBackend });
  return {
    mode: ledger.mode ?? 'writable',
    inventory,
    made: new Map([[key, new Map(made)]]),
    details: new Map(),
    interrupted: new Set((ledger.interrupted ?? []).map(keyOf)),
    recentEvictions: new Map(
      Object.entries(ledger.recent ?? {}).map(([name, models]) => [
        backendKey({ host: 'local', backend: name }),
        new Set(models.map((model) => modelOfSet('set-1', model))),
      ]),
    ),
    approved: new Set((ledger.approved ?? []).map(keyOf)),
    suspended: new Map(
      (ledger.suspended ?? []).map(({ model, reason }) => [
        modelOfSet('set-1', model),
        { set: 'set-1', model, reason, who: 'ada', at: 0, until: Date.UTC(2030, 0, 2) },
      ]),
    ),
    corrections: new Map(
      (ledger.corrections ?? []).map(({ name, builds = 0, loads = 0 }) => [
        correctionOf('set-1', keyOf(name), wantedNow(name, placements)),
        { builds, loads },
      ]),
    ),
    contested: new Map(
      (ledger.contested ?? []).map((name) => [
        placementOfSet('set-1', keyOf(name)),
        wantedNow(name, placements),
      ]),
    ),
  };
}

const warningOf = (detail: string): Problem =>
  warningProblem({ code: 'case/warning', summary: 'A warning', detail });
