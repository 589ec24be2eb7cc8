// One machine for tests of the whole pipeline: a temporary folder with manifests and a home of its
// own, an Ollama in memory that is also its registry, and the real everything else.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProgressEvent } from '../src/core/progress.ts';
import type { Http, Io } from '../src/io/io.ts';
import { createNodeIo } from '../src/io/node.ts';
import { type ReconcileRequest, type Reconciliation, reconcile } from '../src/reconcile.ts';
import { memoryHttp } from './fakes/ollama/memory-http.ts';
import { storeIn } from './fakes/ollama/store-folder.ts';
import { createFakeOllama, type FakeOllama, realClock } from './fakes/ollama-server.ts';

export const ollamaUrl = 'http://127.0.0.1:11434';
/** What the fake's registry is called in sources; loopback, so it is spoken to in plain http. */
const registryHost = '127.0.0.1:11434';

export interface Machine {
  readonly ollama: FakeOllama;
  readonly io: Io;
  readonly folder: string;
  readonly home: string;
  readonly events: ProgressEvent[];
  readonly write: (file: string, text: string) => void;
  readonly read: (file: string) => string;
  /** What the Ollama holds, as it displays it, sorted. */
  readonly names: () => readonly string[];
  readonly publish: (tag: string, seed: string) => void;
  readonly run: (
    mode: 'plan' | 'apply',
    request?: Partial<ReconcileRequest>,
  ) => Promise<Reconciliation>;
  readonly apply: (request?: Partial<ReconcileRequest>) => Promise<Reconciliation>;
  readonly plan: (request?: Partial<ReconcileRequest>) => Promise<Reconciliation>;
  /** Stops and starts the engine's port; what it holds stays. */
  readonly setDown: (isDown: boolean) => void;
  /** Every file under the folder and the home, with size and time of its last change. */
  readonly written: () => Readonly<Record<string, string>>;
  readonly remove: () => void;
}

export interface MachineOptions {
  readonly hostname?: string;
  /** The engine keeps its store where it usually does, in the user's home. */
  readonly hasStore?: boolean;
  /** Answers for every other origin than those of the fake. */
  readonly elsewhere?: Http;
  /** Of the environment, beside MODELCTL_HOME. */
  readonly variables?: Readonly<Record<string, string>>;
}

export function createMachine(options: MachineOptions = {}): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'modelctl-test-'));
  const home = join(folder, 'home');
  const store = join(folder, 'user', '.ollama', 'models');
  const ollama = createFakeOllama(options.hasStore === true ? { folder: storeIn(store) } : {});
  const handlers = [ollamaUrl, 'https://registry.ollama.ai'].map(
    (url) => [url, ollama.handle] as const,
  );
  const reachable = memoryHttp(new Map(handlers), realClock);
  const nowhere = memoryHttp(new Map(handlers.slice(1)), realClock);
  let http = reachable;
  const { elsewhere } = options;
  const known = new Set(handlers.map(([url]) => url));
  const web = (url: string): Http =>
    elsewhere === undefined || known.has(new URL(url).origin) ? http : elsewhere;
  const node = createNodeIo();
  const variables: Record<string, string> = { ...options.variables, MODELCTL_HOME: home };
  const network: Http = { request: (request) => web(request.url).request(request) };
  const io: Io = {
    ...node,
    http: network,
    web: network,
    environment: {
      ...node.environment,
      get: (name) => variables[name],
      hostname: options.hostname ?? 'box',
      homeFolder: join(folder, 'user'),
      workingFolder: folder,
    },
  };
  const events: ProgressEvent[] = [];
  const run: Machine['run'] = (mode, request = {}) =>
    reconcile(
      { inputs: [join(folder, 'models.yaml')], mode, ...request },
      { io, signal: AbortSignal.timeout(15_000), report: (event) => void events.push(event) },
    );
  return {
    ollama,
    io,
    folder,
    home,
    events,
    run,
    apply: (request) => run('apply', request),
    plan: (request) => run('plan', request),
    write: (file, text) => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    names: () => ollama.foreign.names().map(displayed).toSorted(),
    publish: (tag, seed) => void ollama.registry.publish(tag, { weights: seed.padEnd(1000, '.') }),
    setDown: (isDown) => {
      http = isDown ? nowhere : reachable;
    },
    written: () =>
      Object.fromEntries(
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => {
            const path = join(entry.parentPath, entry.name);
            const { size, mtimeMs } = statSync(path);
            return [path, `${size} ${mtimeMs}`];
          }),
      ),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A Host, and the HardwareTarget that selects it alone; `targets: [NAME]` names it. */
export const hostDocument = (name: string): string =>
  `apiVersion: modelctl.dev/v1alpha1\nkind: Host\nmetadata: { name: ${name} }\nspec: { labels: { on: ${name} } }\n`;
export const targetDocument = (name: string): string =>
  `apiVersion: modelctl.dev/v1alpha1\nkind: HardwareTarget\nmetadata: { name: ${name} }\nspec: { selector: { matchLabels: { on: ${name} } } }\n`;

/** A Model document; `spec` is YAML lines without indentation. */
export const modelDocument = (name: string, ...spec: readonly string[]): string =>
  [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    `metadata: { name: ${name} }`,
    'spec:',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n');

export const documents = (...texts: readonly string[]): string => texts.join('---\n');

/** A source of the fake registry. */
export const source = (tag: string): string => `source: ${registryHost}/library/${tag}`;
export const served = (tag: string): string => `${registryHost}/library/${tag}`;

/** `kind name` of each action, in plan order. */
export const actionsOf = ({ plan }: Reconciliation): readonly string[] =>
  (plan?.actions ?? []).map(({ kind, name }) => `${kind} ${name}`);

export const heldOf = ({ plan }: Reconciliation): readonly string[] =>
  (plan?.held ?? []).map(({ name, because }) => `${name}: ${because}`);

/** `registry.ollama.ai/library/a/b` is shown as `a:b`. */
const displayed = (path: string): string =>
  path.replace(/\/([^/]+)$/, ':$1').replace(/^registry\.ollama\.ai\/library\//, '');
