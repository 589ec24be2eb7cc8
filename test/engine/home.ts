// A home of its own for each test that runs the real engine, and tiny models to run in it. Leaving
// it stops the engine and sees to it that no process stays.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelImage } from '../../src/artifacts/stores/oci/image.ts';
import { putImage } from '../../src/artifacts/stores/oci/write.ts';
import type { Backend } from '../../src/backends/backend.ts';
import type { EngineAddress } from '../../src/backends/embedded/client.ts';
import {
  type ControlContext,
  engineStatus,
  engineStop,
  ensureEngine,
} from '../../src/backends/embedded/control.ts';
import { placeOf } from '../../src/backends/embedded/place.ts';
import { engines } from '../../src/backends/index.ts';
import type { Artifact } from '../../src/core/artifact.ts';
import type { LoadOptions, Recipe } from '../../src/core/desired.ts';
import type { Digest } from '../../src/core/digest.ts';
import { sha256Text } from '../../src/core/hash.ts';
import type { EngineStatus, RunningModel } from '../../src/engine/protocol.ts';
import type { Io } from '../../src/io/io.ts';
import { createNodeIo } from '../../src/io/node.ts';
import { type TinyGgufOptions, tinyGguf } from '../fakes/tiny-gguf.mjs';

export interface Home extends ControlContext {
  readonly folder: string;
  /** Writes a model's file; the same options give the same bytes. */
  readonly model: (options?: TinyGgufOptions) => Promise<Artifact>;
  /** Writes any file. */
  readonly file: (bytes: Uint8Array) => Promise<Artifact>;
  /** Absolute path of an artifact's file. */
  readonly pathOf: (digest: Digest) => string;
  /** Stores a model under a name, replacing what is there. */
  readonly store: (
    name: string,
    artifact: Artifact,
    more?: { readonly recipe?: Recipe; readonly load?: LoadOptions; readonly replaces?: Digest },
  ) => Promise<Digest>;
  readonly start: () => Promise<EngineAddress>;
  /** Of the running engine. */
  readonly status: () => Promise<EngineStatus>;
  readonly running: (name: string) => Promise<RunningModel | undefined>;
  readonly cleanUp: () => Promise<void>;
}

/** One thread, and no more context than tests need: a test machine has better things to do. */
export const small: LoadOptions = { threads: 1, contextLength: 512 };

export async function createHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'modelctl-engine-'));
  const io = ioAt(folder);
  const context: ControlContext = { io, signal: new AbortController().signal };
  const paths = new Map<Digest, string>();
  const pathOf = (digest: Digest): string => {
    const path = paths.get(digest);
    if (path === undefined) throw new Error(`no file of ${digest} was made`);
    return path;
  };
  const file = async (bytes: Uint8Array): Promise<Artifact> => {
    const digest = sha256Text(bytes);
    const path = join(folder, `${digest.slice(7, 19)}.gguf`);
    await writeFile(path, bytes);
    paths.set(digest, path);
    return artifactOf(path, digest, bytes.length);
  };
  const status = async (): Promise<EngineStatus> => {
    const [report] = await engineStatus(context);
    if (!report?.status) throw new Error('the engine does not run');
    return report.status;
  };
  return {
    ...context,
    folder,
    pathOf,
    file,
    model: async (options) => file(tinyGguf({ type: 'q8_0', ...options })),
    store: async (name, artifact, { recipe = {}, load = small, replaces } = {}) => {
      const image = modelImage(artifact, recipe);
      const { store } = await placeOf(io, null);
      await putImage(
        { path: store, io },
        {
          name,
          image,
          load,
          replaces: replaces ?? null,
          obtain: async (digest) => ({ path: pathOf(digest), isUnchanging: false }),
          onBytes: () => undefined,
          signal: context.signal,
        },
      );
      return image.digest;
    },
    start: async () => (await ensureEngine(await placeOf(io, null), context)).address,
    status,
    running: async (name) =>
      (await status()).models.find((model) => model.holds.some((hold) => hold.name === name)),
    cleanUp: async () => {
      const reports = await engineStatus(context);
      const pids = reports.flatMap(({ status: one }) =>
        one === null ? [] : [one.pid, ...one.models.flatMap(({ pid }) => pid ?? [])],
      );
      await engineStop(context);
      await until(() => pids.every((pid) => !io.processes.isAlive(pid)));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The backend for the usual store. */
export async function embeddedOn(io: Io): Promise<Backend> {
  const referred = await engines.refer({ host: 'local', type: 'embedded', name: null }, io);
  if (!referred.ok) throw new Error(referred.problems[0]?.detail);
  return engines.create(referred.value);
}

export function ioAt(home: string): Io {
  const io = createNodeIo();
  const get = (name: string): string | undefined =>
    name === 'MODELCTL_HOME' ? home : io.environment.get(name);
  return { ...io, environment: { ...io.environment, get } };
}

const artifactOf = (path: string, digest: Digest, bytes: number): Artifact => ({
  source: `file://${path}`,
  revision: digest,
  weights: digest,
  files: [{ path: 'model.gguf', bytes, digest }],
  facts: { format: 'gguf', contextLength: 2048 },
});

const untilMsMax = 15_000;

/** Waits until something has come true; rejects when it does not in good time. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + untilMsMax;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The text as JSON, when it says that it is; a test that expects a field sees that it is there. */
  readonly body: AnswerBody;
}

interface AnswerBody {
  readonly id: string;
  readonly object: string;
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly finish_reason: string;
  }[];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
  readonly data: readonly { readonly id: string; readonly embedding: readonly number[] }[];
  readonly error: { readonly code: string; readonly type: string; readonly message: string };
  readonly unloaded: boolean;
}

/** One request to the engine, with its token unless other headers are given. */
export async function ask(
  { url, headers }: EngineAddress,
  path: string,
  question?: unknown,
  own: { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: question === undefined ? 'GET' : 'POST',
    headers: own.headers ?? headers,
    ...(question === undefined
      ? {}
      : { body: typeof question === 'string' ? question : JSON.stringify(question) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  const body = (isJson ? JSON.parse(text) : {}) as AnswerBody;
  return { status: response.status, text, body };
}

export const says = async (engine: EngineAddress, model: string, more = {}): Promise<string> => {
  const messages = [{ role: 'user', content: 'hello' }];
  const { status, body } = await ask(engine, '/v1/chat/completions', { model, messages, ...more });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return contentOf(body);
};

export const contentOf = ({ choices }: Pick<AnswerBody, 'choices'>): string =>
  choices[0]?.message.content ?? 'nothing';
