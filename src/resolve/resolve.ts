// Stage 2: from resources to the desired state of this machine. Defaults are applied, engines
// chosen, references pinned by the lock or by their source, and everything is put into the
// engines' normal form. Whatever cannot be is held, with its reason, and stays safe from pruning.

import type { SourceContext, Sources } from '../artifacts/source.ts';
import type { Engines } from '../backends/backend.ts';
import type { Artifact } from '../core/artifact.ts';
import type { BackendReference } from '../core/backend-reference.ts';
import { mapBounded } from '../core/concurrency.ts';
import type { Desired } from '../core/desired.ts';
import { type Checked, checked, refused } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import { type Engine, type EngineChoice, engineKey, enginePool } from './engines.ts';
import { identify, type SelfNames } from './host.ts';
import { contradictions, mergePlacements } from './merge.ts';
import { resolveRequest } from './one-request.ts';
import type { Pin, PinKey } from './pin.ts';
import { requestsOf } from './requests.ts';
import { revisionOf } from './revision.ts';
import { desiredServices } from './services.ts';

export interface ResolveInput {
  readonly manifests: Manifests;
  /** The set's id, also where there is no lock yet that names it. */
  readonly set: string;
  /** Where relative files are meant from, and where the lock stands. Absolute. */
  readonly setFolder: string;
  readonly locked: (key: PinKey) => Artifact | undefined;
  /** The bytes of a source: pinned for another Model, or resolved a moment ago by the same run. */
  readonly known: (source: string) => Artifact | undefined;
  /** Why nothing may be pruned, as far as files and lock tell; null when they are complete. */
  readonly incompleteBecause: string | null;
  readonly self: SelfNames;
  /** The engine recorded for the set by an earlier run. */
  readonly recordedEngine: BackendReference | null;
  readonly engines: Engines;
  readonly sources: Sources;
}

export interface Resolved {
  readonly desired: Desired;
  /** Every engine that is looked at, by `backendKey`. */
  readonly engines: ReadonlyMap<string, Engine>;
  readonly choice: EngineChoice | null;
  /** Every line that the lock should have for these manifests, on any host. */
  readonly pins: readonly Pin[];
  /** What the manifests refer to, pinned or not: no line for it is taken out of the lock. */
  readonly references: readonly PinKey[];
}

/** Network references resolved at the same time. */
const resolvingMax = 4;

export async function resolve(
  input: ResolveInput,
  context: Pick<SourceContext, 'io' | 'signal' | 'routes'>,
): Promise<Checked<Resolved>> {
  const { manifests } = input;
  const hosts = manifests.resources.filter((one) => one.kind === 'Host');
  const identity = identify(hosts, input.self);
  if (!identity.ok) return identity;
  const { requests, problems, incomplete } = requestsOf(manifests, identity.value);
  const pool = await enginePool(
    manifests,
    identity.value,
    input.recordedEngine,
    input.engines,
    context,
  );
  if (!pool.ok) return refused(...problems, ...pool.problems);

  const engines = new Map(pool.value.declared.map((engine) => [engineKey(engine), engine]));
  const { setFolder: folder, sources, locked, known } = input;
  const requestContext = {
    manifests,
    pool: pool.value,
    pin: { ...context, folder, sources, locked, known, resolving: new Map() },
    engines,
  };
  const outcomes = await mapBounded(requests, resolvingMax, (request) =>
    resolveRequest(request, requestContext),
  );
  const merged = mergePlacements(outcomes.flatMap((one) => one.placements));
  const all = [
    ...problems,
    ...outcomes.flatMap((one) => one.problems),
    ...merged.problems,
    ...contradictions(outcomes),
  ];
  if (all.some((problem) => problem.severity === 'error')) return refused(...all);

  const [unresolved] = outcomes.flatMap((one) => one.unresolved);
  const incompleteBecause =
    input.incompleteBecause ??
    incomplete ??
    (unresolved === undefined ? null : `What ${unresolved} stands for is not known now.`);
  const body = {
    set: input.set,
    complete: incompleteBecause === null,
    incompleteBecause,
    placements: merged.placements,
    services: desiredServices(pool.value.declared, manifests),
    held: outcomes.flatMap((one) => one.held),
    heldModels: new Set(outcomes.flatMap((one) => one.heldModels)),
    warnings: all,
  };
  const desired = { ...body, revision: revisionOf(body) };
  const pins = outcomes.flatMap((one) => one.pins);
  const references = outcomes.flatMap((one) => one.references);
  return checked({ desired, engines, choice: pool.value.choice(), pins, references });
}
