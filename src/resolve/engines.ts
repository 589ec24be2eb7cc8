// Which engine serves a request. Declared Backends of this host come first; with none declared,
// the engine that was chosen for the set before, else the first that answers. A recorded choice is
// never changed because its engine is down: the set waits for it.

import type {
  Backend,
  BackendContext,
  BackendType,
  Engines,
  Question,
  Service,
} from '../backends/backend.ts';
import { type BackendReference, backendTypes } from '../core/backend-reference.ts';
import { backendKey } from '../core/key.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from '../core/problem.ts';
import type { BackendResource, Manifests } from '../core/resource.ts';
import { resourceLabel } from '../core/resource.ts';
import { type Identity, localHost } from './host.ts';
import { serviceOf } from './services.ts';

export interface Engine {
  readonly reference: BackendReference;
  readonly backend: Backend;
  /** Where its Backend says how it is run. */
  readonly service?: Service;
}

export interface EngineChoice {
  readonly reference: BackendReference;
  /** One sentence; null when the choice was recorded before. */
  readonly why: string | null;
}

export interface EnginePool {
  /** In the order declared. */
  readonly declared: readonly Engine[];
  /** The engine for a request: by Backend name, by type, or the host's first. */
  readonly engineFor: (wanted: string | null) => Promise<Checked<Engine>>;
  /** Set once a request needed an engine that nobody declared. */
  readonly choice: () => EngineChoice | null;
}

export async function enginePool(
  manifests: Manifests,
  identity: Identity,
  recorded: BackendReference | null,
  engines: Engines,
  context: BackendContext,
): Promise<Checked<EnginePool>> {
  const declared: Engine[] = [];
  const problems: Problem[] = [];
  for (const resource of manifests.resources) {
    if (resource.kind !== 'Backend' || !isHere(resource, identity)) continue;
    const referred = await engines.refer(declarationOf(resource), context.io);
    if (!referred.ok) {
      problems.push(...referred.problems.map((one) => ({ ...one, origin: resource.origin })));
      continue;
    }
    const twin = declared.find(({ reference }) => reference.id === referred.value.id);
    if (twin !== undefined) {
      problems.push(sameEngine(resource, twin.reference));
      continue;
    }
    const engine = { reference: referred.value, backend: engines.create(referred.value) };
    const around = { manifests, engines, io: context.io, declared };
    const service = serviceOf(resource, engine, around);
    if (!service.ok) problems.push(...service.problems);
    else
      declared.push({ ...engine, ...(service.value === null ? {} : { service: service.value }) });
  }
  if (problems.length > 0) return refused(...problems);
  return checked(poolOf(declared, recorded, engines, context));
}

function poolOf(
  declared: readonly Engine[],
  recorded: BackendReference | null,
  engines: Engines,
  context: BackendContext,
): EnginePool {
  const implied = new Map<BackendType, Promise<Checked<Engine>>>();
  let chosen: Promise<Checked<Engine>> | null = null;
  let choice: EngineChoice | null = null;

  const ofType = (type: BackendType): Promise<Checked<Engine>> => {
    const known = implied.get(type) ?? implyEngine(type, engines, context);
    implied.set(type, known);
    return known;
  };
  const choose = async (): Promise<Checked<Engine>> => {
    if (recorded !== null) {
      choice = { reference: recorded, why: null };
      return checked({ reference: recorded, backend: engines.create(recorded) });
    }
    const made = await firstThatAnswers(ofType, context);
    if (made.ok) choice = { reference: made.value.engine.reference, why: made.value.why };
    return made.ok ? checked(made.value.engine) : made;
  };
  return {
    declared,
    choice: () => choice,
    engineFor: async (wanted) => {
      const [first] = declared;
      if (wanted === null) return first === undefined ? (chosen ??= choose()) : checked(first);
      const match =
        declared.find(({ reference }) => reference.name === wanted) ??
        declared.find(({ reference }) => reference.type === wanted);
      if (match !== undefined) return checked(match);
      const type = backendTypes.find((one) => one === wanted);
      return type === undefined ? refused(noSuchBackend(wanted)) : ofType(type);
    },
  };
}

async function implyEngine(
  type: BackendType,
  engines: Engines,
  { io }: BackendContext,
): Promise<Checked<Engine>> {
  const referred = await engines.refer({ host: localHost, type, name: null }, io);
  if (!referred.ok) return referred;
  return checked({ reference: referred.value, backend: engines.create(referred.value) });
}

const nothing: Question = { detailsOf: new Set(), remembered: new Map(), wanted: new Map() };

/**
 * An Ollama that answers, else a llama-server that serves what modelctl keeps for it, else the embedded
 * engine, which is always there.
 */
async function firstThatAnswers(
  ofType: (type: BackendType) => Promise<Checked<Engine>>,
  context: BackendContext,
): Promise<Checked<{ engine: Engine; why: string }>> {
  const ollama = await ofType('ollama');
  if (!ollama.ok) return ollama;
  const answer = await ollama.value.backend.observe(nothing, context);
  const { label } = ollama.value.backend;
  if (answer.kind === 'reachable') {
    return checked({ engine: ollama.value, why: `${label} answers (version ${answer.version}).` });
  }
  const server = await ofType('llama-server');
  if (server.ok && (await servesOurs(server.value, context))) {
    const why = `${label} does not answer, and ${server.value.backend.label} serves models of modelctl.`;
    return checked({ engine: server.value, why });
  }
  const embedded = await ofType('embedded');
  if (!embedded.ok) return embedded;
  return checked({
    engine: embedded.value,
    why: `${label} does not answer, so the embedded engine is used.`,
  });
}

/** One that somebody runs for other ends could be given nothing. */
async function servesOurs({ backend }: Engine, context: BackendContext): Promise<boolean> {
  const answer = await backend.observe(nothing, context);
  if (answer.kind === 'unreachable') return false;
  return [...answer.placements.values()].some(({ served }) => served !== false);
}

const isHere = (resource: BackendResource, { self }: Identity): boolean =>
  resource.spec.host === undefined || resource.spec.host === self?.metadata.name;

const declarationOf = ({ metadata, spec }: BackendResource) => ({
  host: localHost,
  type: spec.type,
  name: metadata.name,
  ...(spec.endpoint === undefined ? {} : { endpoint: spec.endpoint }),
  ...(spec.files?.path === undefined ? {} : { store: spec.files.path }),
  ...(spec.files?.access === undefined ? {} : { files: spec.files.access }),
  ...(spec.auth === undefined ? {} : { auth: spec.auth.bearer }),
});

const sameEngine = (resource: BackendResource, twin: BackendReference): Problem =>
  errorProblem({
    code: 'resolve/same-engine',
    summary: 'Two Backends are the same engine',
    detail: `${resourceLabel(resource)} and Backend/${twin.name ?? twin.type} are both ${twin.id}.`,
    remedy: 'Keep one of them, or give them different endpoints or stores.',
    origin: resource.origin,
    subject: resourceLabel(resource),
  });

const noSuchBackend = (wanted: string): Problem =>
  errorProblem({
    code: 'resolve/unknown-backend',
    summary: 'There is no such Backend on this machine',
    detail: `A HardwareTarget asks for ${wanted}, which is no Backend of this host and no type.`,
    remedy: `Declare a Backend of that name for this host, or name a type: ${backendTypes.join(', ')}.`,
  });

export const engineKey = ({ reference }: Engine): string =>
  backendKey({ host: reference.host, backend: reference.id });
