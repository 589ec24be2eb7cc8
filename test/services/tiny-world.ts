// A machine of its own for each test: a home, a port, and a Backend whose engine is the tiny one. What
// was started is gone when it is left.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Io } from '../../src/io/io.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { type Reconciliation, reconcile } from '../../src/reconcile.ts';
import { folderOf } from '../../src/services/managed/place.ts';
import { stopEngines } from '../../src/services/managed/report.ts';
import { parseState, type SupervisorState } from '../../src/supervisor/protocol.ts';

const program = fileURLToPath(new URL('../fakes/tiny-engine.mjs', import.meta.url));

export interface TinyWorld {
  readonly io: Io;
  readonly endpoint: string;
  /** Of the supervisor's files. */
  readonly folder: string;
  readonly variables: Record<string, string>;
  /** `engine`: another program than the tiny one; `more`: further objects. */
  readonly declare: (
    settings: string,
    given?: { readonly engine?: readonly string[]; readonly more?: string },
  ) => Promise<void>;
  readonly run: (mode: 'plan' | 'apply') => Promise<Reconciliation>;
  readonly state: () => Promise<SupervisorState>;
  /** What the engine answers; null when it does not. */
  readonly ask: (path: string) => Promise<Readonly<Record<string, unknown>> | null>;
  readonly cleanUp: () => Promise<void>;
}

export async function createTinyWorld(): Promise<TinyWorld> {
  const home = await mkdtemp(join(tmpdir(), 'modelctl-service-'));
  const variables: Record<string, string> = { MODELCTL_HOME: home };
  const real = createNodeIo();
  const io = {
    ...real,
    environment: {
      ...real.environment,
      workingFolder: home,
      get: (name: string) => variables[name] ?? real.environment.get(name),
    },
  };
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const folder = folderOf(endpoint, io);
  const signal = new AbortController().signal;
  const path = join(home, 'models.yaml');
  return {
    io,
    endpoint,
    folder,
    variables,
    declare: (settings, { engine: [of, ...given] = [process.execPath, program], more = '' } = {}) =>
      writeFile(
        path,
        [
          'apiVersion: modelctl.dev/v1alpha1',
          'kind: Backend',
          'metadata: { name: tiny }',
          'spec:',
          '  type: ollama',
          `  endpoint: ${endpoint}`,
          `  service: { type: managed, program: ${JSON.stringify(of)}, arguments: ${JSON.stringify(given)} }`,
          ...(settings === '' ? [] : [`  settings: ${settings}`]),
          more,
        ].join('\n'),
      ),
    run: (mode) => reconcile({ inputs: [path], mode }, { io, signal, report: () => undefined }),
    state: async () => {
      const state = parseState(await readFile(join(folder, 'state.json'), 'utf8'));
      if (state === null) throw new Error('the state is none');
      return state;
    },
    ask: (at) =>
      fetch(`${endpoint}${at}`).then(
        (response) => response.json() as Promise<Readonly<Record<string, unknown>>>,
        () => null,
      ),
    cleanUp: async () => {
      await stopEngines([], { io, signal });
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Of an action, as a person reads it. */
export const saidBy = ({ changes }: Reconciliation): readonly string[] =>
  (changes?.entries ?? []).map(({ action, outcome }) => `${action.kind}: ${outcome}`);

export const plannedBy = ({ plan }: Reconciliation): readonly string[] =>
  (plan?.actions ?? []).map(({ kind, because }) => `${kind}: ${because}`);

/**
 * Below those that the system gives out itself: no server or client of another test comes to have it
 * before the engine does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    tried += 1;
    const port = 20_000 + ((process.pid * 37 + tried) % 10_000);
    if (await isFree(port)) return port;
  }
}

let tried = 0;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Waits, with an end, until something holds. */
export async function until(what: () => Promise<boolean>, timeoutMs = 40_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error('it did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
