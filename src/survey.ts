// What is where, and whose is it? Looks at every engine that the ledger knows, the manifests name
// or this machine may have, and joins what they hold with what the ledger owns and, when manifests
// are given, with what is declared. Reads only; an engine that is down is told as such, its owned
// models as `unknown`, never as gone.
import type { Sources } from './artifacts/source.ts';
import type { Backend, Engines } from './backends/backend.ts';
import { engines as builtIn } from './backends/index.ts';
import type { BackendReference } from './core/backend-reference.ts';
import type { LedgerView } from './core/inventory.ts';
import { backendKey } from './core/key.ts';
import type { BackendObservation } from './core/observed.ts';
import type { Problem } from './core/problem.ts';
import type { Resource } from './core/resource.ts';
import type { Survey, SurveyedBackend } from './core/surveyed.ts';
import type { Io } from './io/io.ts';
import { load } from './manifest/load.ts';
import { emptyQuestion, observeOne } from './observe/observe.ts';
import { type Reconciliation, reconcile } from './reconcile.ts';
import { openLedger } from './record/ledger.ts';
import { localHost } from './resolve/host.ts';
import { ledgerPathOf } from './state-files.ts';
import { hostsOf } from './survey/hosts.ts';
import { joinModels } from './survey/join.ts';
import { setsOf } from './survey/sets.ts';

export interface SurveyRequest {
  /** Files, folders, globs or `-`: what is found is compared with what they declare. */
  readonly inputs?: readonly string[];
  /** Which declared Host this machine is. */
  readonly host?: string;
  /** Ask for the weights behind every name, to tell what is there twice: a request a name. */
  readonly withWeights?: boolean;
}

export interface SurveyContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Others than the built-in ones: for tests, and for programs with their own. */
  readonly engines?: Engines;
  readonly sources?: Sources;
}

interface Declared {
  /** Null without manifests, and when they could not be used. */
  readonly result: Reconciliation | null;
  readonly resources: readonly Resource[];
  readonly problems: readonly Problem[];
}

interface Sighting {
  readonly reference: BackendReference;
  readonly backend: Backend;
  readonly isKnown: boolean;
  readonly observation: BackendObservation;
}

/**
 * Never fails for an engine: `backends[].problem` says which did not answer. Manifests that cannot
 * be used are told in `problems`, and everything else is surveyed without them.
 */
export async function survey(request: SurveyRequest, given: SurveyContext): Promise<Survey> {
  const context = { ...given, io: readingStdinOnce(given.io) };
  const declared = await readDeclared(request, context);
  const ledger = await openLedger(
    { path: ledgerPathOf(context.io.environment), mode: 'read' },
    context.io,
  );
  try {
    const view = ledger.view(context.io.clock.now());
    const known = [...ledger.backends(), ...(declared.result?.backends ?? [])];
    const engines = context.engines ?? builtIn;
    const { references, problems: unusable } = await allReferences(known, engines, context.io);
    const sightings = await Promise.all(
      references.map(async (one) => {
        const backend = engines.create(one.reference);
        const observation = await look(backend, one.reference, view, declared, request, context);
        return { ...one, backend, observation };
      }),
    );
    const { plan = null, desired = null } = declared.result ?? {};
    const models = joinModels({
      sightings,
      view,
      declared: plan === null || desired === null ? null : { plan, desired },
      labels: labelsOf(declared.resources),
    });
    const problems = [
      ...declared.problems,
      ...(ledger.problem === null ? [] : [ledger.problem]),
      ...unusable,
    ];
    return {
      backends: sightings.map(describe),
      models,
      hosts: hostsOf(declared.resources, request.host, context.io.environment),
      sets: setsOf(view.inventory, (set) => ledger.setRecord(set)?.location ?? null),
      problems,
    };
  } finally {
    ledger.close();
  }
}

async function readDeclared(request: SurveyRequest, context: SurveyContext): Promise<Declared> {
  const { inputs = [], host } = request;
  if (inputs.length === 0) return { result: null, resources: [], problems: [] };
  const loaded = await load(inputs, context.io, context.signal);
  if (!loaded.ok) return { result: null, resources: [], problems: loaded.problems };
  const result = await reconcile(
    { inputs, mode: 'plan', ...(host === undefined ? {} : { host }) },
    { ...context, report: () => undefined },
  );
  return { result, resources: loaded.value.resources, problems: result.problems };
}

/**
 * Each engine once: those known, then what this machine may have without anybody saying so.
 * Problems: an address in the environment that is none.
 */
async function allReferences(
  known: readonly BackendReference[],
  engines: Engines,
  io: Io,
): Promise<{
  readonly references: readonly {
    readonly reference: BackendReference;
    readonly isKnown: boolean;
  }[];
  readonly problems: readonly Problem[];
}> {
  const problems: Problem[] = [];
  const byKey = new Map<string, { reference: BackendReference; isKnown: boolean }>();
  const keyOf = (one: BackendReference): string => backendKey({ host: one.host, backend: one.id });
  for (const reference of known) byKey.set(keyOf(reference), { reference, isKnown: true });
  for (const type of ['ollama', 'embedded', 'huggingface'] as const) {
    const referred = await engines.refer({ host: localHost, type, name: null }, io);
    // Not every machine has one, and there is nothing to see where it has not.
    const isAbsent = type === 'huggingface' && referred.ok && !(await exists(referred.value, io));
    if (isAbsent) continue;
    if (!referred.ok) problems.push(...referred.problems);
    else if (!byKey.has(keyOf(referred.value)))
      byKey.set(keyOf(referred.value), { reference: referred.value, isKnown: false });
  }
  return { references: [...byKey.values()], problems };
}

const exists = async ({ store }: BackendReference, { files }: Io): Promise<boolean> =>
  store !== null && (await files.stat(store).catch(() => null)) !== null;

async function look(
  backend: Backend,
  reference: BackendReference,
  view: LedgerView,
  declared: Declared,
  request: SurveyRequest,
  context: SurveyContext,
): Promise<BackendObservation> {
  const key = backendKey({ host: reference.host, backend: reference.id });
  const seen = declared.result?.observed?.backends.get(key);
  const remembered = view.details.get(key) ?? new Map();
  const empty = { ...emptyQuestion, everything: true, remembered } as const;
  const isAllSeen = seen !== undefined && backend.listsOnRequest !== true;
  const first = isAllSeen ? seen : await observeOne(backend, empty, context);
  if (request.withWeights !== true || first.kind !== 'reachable') return first;
  const detailsOf = new Set(first.placements.keys());
  return observeOne(backend, { ...empty, detailsOf }, context);
}

const describe = ({ reference, backend, isKnown, observation }: Sighting): SurveyedBackend => ({
  reference,
  label: backend.label,
  isKnown,
  ...(observation.kind === 'reachable'
    ? { version: observation.version, problem: null, disk: observation.disk }
    : { version: null, problem: observation.problem, disk: { kind: 'unknown' } }),
});

const labelsOf = (resources: readonly Resource[]) =>
  new Map(
    resources
      .filter(({ kind }) => kind === 'Model')
      .map(({ metadata }) => [metadata.name, metadata.labels ?? {}] as const),
  );

/** Manifests are read here for their labels and hosts, and again by the pipeline. */
function readingStdinOnce(io: Io): Io {
  let read: Promise<Uint8Array> | null = null;
  const readStdin = (bytesMax: number): Promise<Uint8Array> =>
    (read ??= io.files.readStdin(bytesMax));
  return { ...io, files: { ...io.files, readStdin } };
}
