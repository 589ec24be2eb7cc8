// The contract of every backend, kept by the embedded engine: the real one, with tiny models.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { placeOf } from '../../../src/backends/embedded/place.ts';
import { createHome, embeddedOn } from '../../engine/home.ts';
import { type Bench, backendContract, type Subject } from '../contract.ts';

backendContract('the embedded engine', setup, {
  derives: true,
  loads: true,
  namesBySource: false,
  observeRequestsMax: 1,
  refusedRuntime: null,
  goesDown: true,
});

async function setup(): Promise<Bench> {
  const home = await createHome();
  const { io } = home;
  const subject = async (says: string, seed: number): Promise<Subject> => {
    const artifact = await home.model({ says, seed });
    return { source: artifact.source, artifact, says };
  };
  let total = 0;
  let mutating = 0;
  const counted: Bench['io'] = {
    ...io,
    http: {
      request: (request) => {
        total += 1;
        if (request.method !== 'GET') mutating += 1;
        return io.http.request(request);
      },
    },
  };
  return {
    backend: await embeddedOn(io),
    io: counted,
    obtain: async (_artifact, { digest }) => ({
      path: home.pathOf(digest),
      downloadedBytes: 0,
      isUnchanging: false,
    }),
    first: await subject('rolled out version one', 1),
    second: await subject('rolled out version two', 2),
    prefix: 'contract-',
    // Nothing has to run for it to be up; it is down when its store cannot be read.
    takeDown: async () => {
      const { store } = await placeOf(io, null);
      await io.files.makeFolder(store);
      await writeFile(join(store, 'index.json'), '{"schemaVersion":2,"manif');
    },
    requests: () => ({ total, mutating }),
    cleanUp: home.cleanUp,
  };
}
