// From what a Backend says about how its engine is run to a service: the engine's own words for its
// settings, and the kind of service that writes and starts them. Pure; asks nobody.
import { type Checked, checked, errorProblem, type Problem, refused } from '../core/problem.ts';
import type { Io } from '../io/io.ts';
import { createManaged } from '../services/managed/index.ts';
import type { Setup } from '../services/setup.ts';
import { createSystemd } from '../services/systemd/index.ts';
import type { Backend, Engines, Service, ServiceDeclaration } from './backend.ts';
import { llamaServerSettings } from './llama-server/settings.ts';
import { ollamaSettings } from './ollama/settings.ts';
import type { ServedEngine } from './served-engine.ts';
import { unsupported } from './unsupported.ts';

/** By type of backend; the others are no programs that could be started. */
const servedEngines: Readonly<Record<string, ServedEngine>> = {
  ollama: ollamaSettings,
  'llama-server': llamaServerSettings,
};

export const serve: NonNullable<Engines['serve']> = (declaration, { reference, backend }, io) => {
  const engine = servedEngines[reference.type];
  const { endpoint, name, store } = reference;
  if (engine === undefined || endpoint === null || name === null) {
    return refused(notServed(backend));
  }
  const variables = engine.variables(declaration.settings);
  if (!variables.ok) return variables;
  const shared = { name, label: backend.label, endpoint, isHealthy: healthOf(backend) };
  const serving = store === null ? undefined : engine.serving?.(store);
  const environment = { ...variables.value, ...serving?.variables };
  const needed = serving === undefined ? {} : { neededFile: serving.neededFile };
  return serviceFor(declaration, engine, { ...shared, environment, ...needed }, io);
};

function serviceFor(
  { service }: ServiceDeclaration,
  engine: ServedEngine,
  setup: Setup,
  io: Io,
): Checked<Service> {
  const { name, arguments: usual, storeVariable } = engine;
  if (service.type === 'systemd') {
    const { unit = name, scope = 'system' } = service;
    return checked(createSystemd({ ...setup, unit: unitName(unit), scope }, storeVariable));
  }
  if (io.environment.platform === 'win32') return refused(notOnWindows);
  const url = new URL(setup.endpoint);
  if (url.protocol === 'https:') return refused(noTls(setup));
  const { program = name, arguments: given = usual } = service;
  const environment = { ...setup.environment, ...engine.listening(url) };
  return checked(
    createManaged({ ...setup, environment, program, arguments: given }, storeVariable, io),
  );
}

/** As systemctl has it: without a kind it is a service. */
const unitName = (unit: string): string => (/\.[a-z]+$/.test(unit) ? unit : `${unit}.service`);

const nothing = { detailsOf: new Set<string>(), remembered: new Map(), wanted: new Map() };

const healthOf =
  (backend: Backend): Setup['isHealthy'] =>
  async (context) =>
    (await backend.observe(nothing, context)).kind === 'reachable';

const notServed = (backend: Backend): Problem =>
  unsupported(
    'spec.service',
    `${backend.label} is not started as a service.`,
    'Remove `service` and `settings`.',
  );

/** It has no groups of processes, which is how all of an engine is ended. */
const notOnWindows = unsupported(
  'spec.service.type',
  'On Windows modelctl starts no engines of others.',
  'Remove `service` and `settings`, and start the engine by other means.',
);

const noTls = ({ label }: Setup): Problem =>
  errorProblem({
    code: 'backend/unsupported',
    summary: 'The engine cannot do what a Backend asks for',
    detail: `${label} is to be started by modelctl, and none of its engines speaks https itself.`,
    remedy: 'Write an endpoint with http://, and put what speaks https before it.',
    path: 'spec.endpoint',
  });
