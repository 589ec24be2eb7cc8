// A world with one llama-server, real or fake, that reads the preset file of modelctl, and two models
// that it can be given.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Backend } from '../../../src/backends/backend.ts';
import { createLlamaServer } from '../../../src/backends/llama-server/index.ts';
import type { BackendReference } from '../../../src/core/backend-reference.ts';
import type { Io } from '../../../src/io/io.ts';
import { createHome, type Home } from '../../engine/home.ts';
import { startFake } from '../../fakes/llama-server/server.ts';
import type { Bench, Subject } from '../bench.ts';
import { type RunningServer, startReal } from './real-server.ts';

export type Start = (preset: string, flags: readonly string[]) => Promise<RunningServer>;

export const real =
  (program: string): Start =>
  (preset, flags) =>
    startReal(program, preset, flags);

export const fake: Start = startFake;

export interface World extends Bench {
  readonly home: Home;
  readonly store: string;
  readonly preset: string;
  readonly url: string;
  readonly backend: Backend;
  readonly reference: BackendReference;
  /** Ends the server and starts another, on another port: with other flags, where they are given. */
  readonly restart: (flags?: readonly string[]) => Promise<Backend>;
}

export async function createWorld(start: Start, flags: readonly string[] = []): Promise<World> {
  const home = await createHome();
  const store = join(home.folder, 'served');
  const preset = join(store, 'models.ini');
  await mkdir(dirname(preset), { recursive: true });
  await writeFile(preset, '');
  let server = await start(preset, flags);
  let total = 0;
  let mutating = 0;
  const io: Io = {
    ...home.io,
    http: {
      request: (request) => {
        total += 1;
        if (request.method !== 'GET' || request.url.includes('reload=')) mutating += 1;
        return home.io.http.request(request);
      },
    },
  };
  const reference = referenceTo(server.url, store);
  return {
    home,
    store,
    preset,
    url: server.url,
    reference,
    backend: createLlamaServer(reference),
    io,
    prefix: 'contract-',
    first: await subject(home, 'rolled out version one', 1),
    second: await subject(home, 'rolled out version two', 2),
    obtain: async (_artifact, { digest }) => ({
      path: home.pathOf(digest),
      downloadedBytes: 0,
      isUnchanging: false,
    }),
    requests: () => ({ total, mutating }),
    takeDown: () => server.stop(),
    restart: async (more = flags) => {
      await server.stop();
      server = await start(preset, more);
      return createLlamaServer(referenceTo(server.url, store));
    },
    cleanUp: async () => {
      await server.stop();
      await home.cleanUp();
    },
  };
}

export const referenceTo = (endpoint: string, store: string | null): BackendReference => ({
  host: 'local',
  id: endpoint,
  type: 'llama-server',
  name: null,
  endpoint,
  store,
  auth: null,
});

async function subject(home: Home, says: string, seed: number): Promise<Subject> {
  const artifact = await home.model({ says, seed });
  return { source: artifact.source, artifact, says };
}
