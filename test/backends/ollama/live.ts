// The live Ollama that MODELCTL_TEST_OLLAMA names, as a world for the contract. It may be somebody's
// own: only names that tests give, and those of test registries on loopback, are touched.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isLoopbackEndpoint,
  normalizeEndpoint,
  ollamaEndpoint,
} from '../../../src/backends/endpoint.ts';
import { createOllama } from '../../../src/backends/ollama/index.ts';
import type { Artifact } from '../../../src/core/artifact.ts';
import type { Digest } from '../../../src/core/digest.ts';
import type { Io } from '../../../src/io/io.ts';
import { createNodeIo } from '../../../src/io/node.ts';
import { sha256 } from '../../fakes/ollama/store.ts';
import { createRegistry } from '../../fakes/registry-server.ts';
import { tinyGguf } from '../../fakes/tiny-gguf.mjs';
import type { Bench, Subject } from '../contract.ts';
import { going, importedSubject, modelBytes, oneSays, referenceTo, twoSays } from './worlds.ts';

const prefix = 'modelctl-contract-';

const ours = new RegExp(
  `^(?:${prefix}|modelctl-base/${prefix}|modelctl-quarantine/(?:${prefix}|modelctl-base-${prefix}|localhost-\\d+-library-tiny-)` +
    '|(?:localhost|127\\.0\\.0\\.1):\\d+/library/tiny:v[12]$)',
);

/**
 * Null when no live engine is named. MODELCTL_TEST_REGISTRY names a registry that it can pull from;
 * without, one is started here, which only an engine on this machine can reach.
 */
export async function liveEngine(): Promise<LiveEngine | null> {
  const { MODELCTL_TEST_OLLAMA: named, MODELCTL_TEST_REGISTRY: registry } = process.env;
  if (named === undefined || named === '') return null;
  const endpoint = normalizeEndpoint(named, ollamaEndpoint);
  if (!endpoint.ok) throw new Error(endpoint.problems[0]?.detail);
  const url = endpoint.value;
  if (registry !== undefined) return { url, registry, stop: async () => undefined };
  if (!isLoopbackEndpoint(url)) {
    throw new Error(`Name a registry that ${url} can reach in MODELCTL_TEST_REGISTRY (host:port).`);
  }
  return { url, ...(await startRegistry()) };
}

async function startRegistry(): Promise<Pick<LiveEngine, 'registry' | 'stop'>> {
  const registry = createRegistry();
  const config = {
    model_family: 'llama',
    model_families: ['llama'],
    file_type: 'F16',
    context_length: 2048,
  };
  const layers = { params: '{"temperature":0}', license: 'CC0-1.0\n' };
  registry.addModel('library/tiny:v1', { weights: modelBytes(oneSays, 1), config, layers });
  registry.addModel('library/tiny:v2', { weights: modelBytes(twoSays, 2), config, layers });
  const bert = { ...config, model_family: 'bert', model_families: ['bert'] };
  registry.addModel('library/embed:v1', {
    weights: tinyGguf({ arch: 'bert', seed: 3 }),
    config: bert,
  });
  const { origin, close } = await registry.listen();
  return { registry: new URL(origin).host, stop: close };
}

export interface LiveEngine {
  readonly url: string;
  /** `host:port` of a registry that the engine reaches, with library/tiny:v1, :v2 and embed:v1. */
  readonly registry: string;
  readonly stop: () => Promise<void>;
}

/** A live engine that imports files. */
export async function liveImportWorld(engine: LiveEngine): Promise<Bench> {
  const world = await liveWorld(engine);
  const folder = await mkdtemp(join(tmpdir(), 'modelctl-contract-'));
  const [first, second] = [importedSubject(oneSays, 1), importedSubject(twoSays, 2)];
  for (const { artifact, bytes } of [first, second]) {
    await writeFile(join(folder, artifact.files[0]?.path ?? ''), bytes);
  }
  return {
    ...world,
    first,
    second,
    obtain: async (_artifact, file) => ({
      path: join(folder, file.path),
      downloadedBytes: 0,
      isUnchanging: false,
    }),
    cleanUp: async () => {
      await world.cleanUp();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * A live engine whose builds go this way. MODELCTL_TEST_OLLAMA_STORE names the folder of its store
 * where that is on this machine; without it there is no way through files.
 */
export async function liveWayWorld(engine: LiveEngine, way: 'files' | 'api'): Promise<Bench> {
  const world = await liveWorld(engine);
  const folder = await mkdtemp(join(tmpdir(), 'modelctl-contract-'));
  return {
    ...world,
    backend: going(createOllama(referenceTo(engine.url, { store: liveStore() })), way),
    obtain: async (_artifact, file) => {
      const url = `http://${engine.registry}/v2/library/tiny/blobs/${file.digest}`;
      const path = join(folder, file.digest.slice(7));
      await writeFile(path, Buffer.from(await (await fetch(url)).arrayBuffer()));
      return { path, isTemporary: true, isUnchanging: true, downloadedBytes: file.bytes };
    },
    cleanUp: async () => {
      await world.cleanUp();
      await rm(folder, { recursive: true });
    },
  };
}

export const liveStore = (): string | null => process.env['MODELCTL_TEST_OLLAMA_STORE'] ?? null;

/** A live engine, with everything of ours removed before and after. */
export async function liveWorld({ url, registry }: LiveEngine): Promise<Bench> {
  const io = createNodeIo();
  const first = await liveSubject(io, registry, 'v1', oneSays);
  const second = await liveSubject(io, registry, 'v2', twoSays);
  const clear = async (): Promise<void> => {
    const { models } = (await (await fetch(`${url}/api/tags`)).json()) as {
      models: { name: string }[];
    };
    for (const { name } of models.filter((model) => ours.test(model.name))) {
      await fetch(`${url}/api/generate`, {
        method: 'POST',
        body: JSON.stringify({ model: name, keep_alive: 0 }),
      });
      await fetch(`${url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model: name }) });
    }
    await expectIdle(io, url);
  };
  await clear();
  return {
    first,
    second,
    backend: createOllama(referenceTo(url)),
    io,
    prefix,
    obtain: async () => {
      throw new Error('nothing is uploaded here');
    },
    takeDown: () => Promise.reject(new Error('the engine is not ours to stop')),
    requests: null,
    cleanUp: clear,
  };
}

async function expectIdle(io: Io, url: string): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    const { models } = (await (await fetch(`${url}/api/ps`)).json()) as {
      models: { name: string }[];
    };
    if (!models.some((model) => ours.test(model.name))) return;
    await io.clock.sleep(100);
  }
  throw new Error(`${url} does not unload`);
}

async function liveSubject(io: Io, registry: string, tag: string, says: string): Promise<Subject> {
  const url = `http://${registry}/v2/library/tiny/manifests/${tag}`;
  const response = await io.http.request({ method: 'GET', url, timeoutMs: 5_000 });
  const raw = await new Response(ReadableStream.from(response.body)).text();
  const { config, layers } = JSON.parse(raw) as {
    config: { digest: Digest; size: number };
    layers: { digest: Digest; size: number; mediaType: string }[];
  };
  const files = [...layers, config].map(({ digest, size }) => ({
    path: digest.slice(7),
    digest,
    bytes: size,
  }));
  const weights = layers.find((layer) => layer.mediaType.endsWith('image.model'))?.digest;
  if (weights === undefined) throw new Error(`${url} has no weights`);
  const source = `ollama://${registry}/library/tiny:${tag}`;
  const artifact: Artifact = {
    source,
    revision: sha256(raw) as Digest,
    manifest: raw,
    files,
    weights,
    facts: {},
  };
  return { source, artifact, says };
}
