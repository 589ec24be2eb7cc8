// Worlds for the Ollama backend's tests: the fake in the same process, and behind a port.
import type { Backend } from '../../../src/backends/backend.ts';
import { createOllama } from '../../../src/backends/ollama/index.ts';
import type { BackendReference } from '../../../src/core/backend-reference.ts';
import type { Digest } from '../../../src/core/digest.ts';
import type { Way } from '../../../src/core/way.ts';
import type { Http } from '../../../src/io/io.ts';
import { createNodeIo } from '../../../src/io/node.ts';
import type { FakeFiles } from '../../fakes/files.ts';
import { createFakeIo, type FakeIo } from '../../fakes/io.ts';
import { sha256 } from '../../fakes/ollama/store.ts';
import type { StoreFolder } from '../../fakes/ollama/store-disk.ts';
import {
  createFakeOllama,
  type FakeOllama,
  type FakeOllamaOptions,
} from '../../fakes/ollama-server.ts';
import { tinyGguf } from '../../fakes/tiny-gguf.mjs';
import type { Bench, Subject } from '../contract.ts';

export const endpoint = 'http://127.0.0.1:11434';

export const referenceTo = (
  url: string,
  more: Partial<BackendReference> = {},
): BackendReference => ({
  host: 'local',
  id: url,
  type: 'ollama',
  name: null,
  endpoint: url,
  store: null,
  auth: null,
  ...more,
});

export interface OllamaWorld extends Bench {
  readonly fake: FakeOllama;
  readonly io: FakeIo;
}

/** In memory, with time that passes by itself. */
export function memoryWorld(
  options: Omit<FakeOllamaOptions, 'clock'> = {},
  reference: Partial<BackendReference> = {},
): OllamaWorld {
  let http: Http | null = null;
  const io = createFakeIo({ http: { request: (request) => late(http).request(request) } });
  const fake = createFakeOllama({ ...options, clock: io.clock });
  http = fake.http(endpoint);
  let isUp = true;
  const up = http;
  http = { request: (request) => (isUp ? up : createFakeDown()).request(request) };
  return {
    ...subjectsOf(fake),
    backend: createOllama(referenceTo(endpoint, reference)),
    io,
    fake,
    prefix: 'contract-',
    obtain: async (_artifact, file) => ({
      path: `/files/${file.path}`,
      downloadedBytes: 0,
      isUnchanging: false,
    }),
    takeDown: async () => {
      isUp = false;
    },
    requests: () => ({ total: fake.log.length, mutating: fake.mutations().length }),
    cleanUp: async () => undefined,
  };
}

/** Where the store stands in a world that has one on its disk. */
export const storeFolder = '/ollama';

/** The store of the fake on the disk of a world that may not be made yet. */
const folderOn = (files: () => FakeFiles, root: string = storeFolder): StoreFolder => ({
  paths: () =>
    files()
      .paths()
      .filter((path) => path.startsWith(`${root}/`))
      .map((path) => path.slice(root.length + 1)),
  read: (path) => files().bytesAt(`${root}/${path}`) ?? new Uint8Array(),
  write: (path, content) => files().put(`${root}/${path}`, content),
  remove: (path) => files().drop(`${root}/${path}`),
  modifiedAt: (path) => files().modifiedAt(`${root}/${path}`),
});

/** The backend, with this way planned for whatever it builds. */
export const going = (backend: Backend, way: Way): Backend => ({
  ...backend,
  perform: (action, context) => {
    const isBuild = action.kind === 'pull' || action.kind === 'create';
    return backend.perform(isBuild ? { ...action, way } : action, context);
  },
});

export interface WayWorld extends OllamaWorld {
  /** Bytes that were obtained, by digest. */
  readonly obtained: Map<string, number>;
}

/**
 * An Ollama whose store is a folder of the same machine, and builds that go this way; the server may
 * have its store in another folder than is thought. What has to be obtained comes from the registry
 * into a staging folder.
 */
export function wayWorld(
  way: Way,
  { serverStore = storeFolder }: { readonly serverStore?: string } = {},
): WayWorld {
  let files: FakeFiles | null = null;
  const folder = folderOn(() => files ?? fail(), serverStore);
  const world = memoryWorld({ folder }, { store: storeFolder });
  files = world.io.files;
  for (const name of ['blobs', 'manifests']) void files.makeFolder(`${storeFolder}/${name}`);
  const obtained = new Map<string, number>();
  return {
    ...world,
    obtained,
    backend: going(world.backend, way),
    obtain: async (_artifact, file, onBytes) => {
      const path = `/staging/${file.digest.slice(7)}`;
      const bytes = world.fake.registry.blob(file.digest)?.bytes;
      if (!bytes) throw new Error(`${file.digest} is nowhere`);
      world.io.files.put(path, bytes);
      onBytes(bytes.length);
      obtained.set(file.digest, (obtained.get(file.digest) ?? 0) + bytes.length);
      return { path, isTemporary: true, isUnchanging: true, downloadedBytes: bytes.length };
    },
  };
}

const fail = (): never => {
  throw new Error('asked too early');
};

const late = (http: Http | null): Http => {
  if (http === null) throw new Error('asked too early');
  return http;
};

const createFakeDown = (): Http => createFakeOllama().http('http://elsewhere.invalid');

const madeBefore = new Map<string, Uint8Array>();

/** Made once: the same options give the same bytes. */
export function modelBytes(says: string, seed: number): Uint8Array {
  const known = madeBefore.get(`${seed} ${says}`);
  const bytes = known ?? tinyGguf({ says, seed });
  madeBefore.set(`${seed} ${says}`, bytes);
  return bytes;
}

export const oneSays = 'rolled out version one';
export const twoSays = 'rolled out version two';

function subjectsOf(fake: FakeOllama): { readonly first: Subject; readonly second: Subject } {
  const subject = (tag: string, says: string, seed: number): Subject => {
    const published = fake.registry.publish(`library/tiny:${tag}`, {
      weights: modelBytes(says, seed),
      parameters: { temperature: 0 },
      license: 'CC0-1.0\n',
    });
    const artifact = published.artifact();
    return { source: artifact.source, artifact, says };
  };
  return { first: subject('v1', oneSays, 1), second: subject('v2', twoSays, 2) };
}

/** The same fake behind a real port, through the real ports. */
export async function portWorld(): Promise<Bench> {
  const fake = createFakeOllama();
  const server = await fake.start();
  return {
    ...subjectsOf(fake),
    backend: createOllama(referenceTo(server.url)),
    io: createNodeIo(),
    prefix: 'contract-',
    obtain: async () => {
      throw new Error('nothing is uploaded here');
    },
    takeDown: server.stop,
    requests: () => ({ total: fake.log.length, mutating: fake.mutations().length }),
    cleanUp: server.stop,
  };
}

/** A model file that is imported: `file://` as its source resolves it. */
export function importedSubject(
  says: string,
  seed: number,
): Subject & { readonly bytes: Uint8Array } {
  const bytes = modelBytes(says, seed);
  const digest = sha256(bytes) as Digest;
  const path = `model-${seed}.gguf`;
  const source = `file://./${path}`;
  const file = { path, bytes: bytes.length, digest };
  const facts = { format: 'gguf', architecture: 'llama', contextLength: 2048 };
  return {
    source,
    says,
    bytes,
    artifact: { source, revision: digest, files: [file], weights: digest, facts },
  };
}

/** The world of `memoryWorld`, with files to import in place of tags to pull. */
export function importWorld(way?: Way): OllamaWorld {
  const world = way === undefined ? memoryWorld() : wayWorld(way);
  const { obtain } = memoryWorld();
  const [first, second] = [importedSubject(oneSays, 1), importedSubject(twoSays, 2)];
  for (const { artifact, bytes } of [first, second]) {
    world.io.files.put(`/files/${artifact.files[0]?.path ?? ''}`, bytes);
  }
  return { ...world, first, second, obtain };
}
