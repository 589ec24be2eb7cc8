// The real ports, joined. Making them costs nothing worth measuring: what is heavy (HTTP, starting
// processes) is loaded by the first call that needs it, so that commands which only read pay for
// nothing else.
import type { Io } from './io.ts';
import { createNodeClock } from './node/clock.ts';
import { createNodeEnvironment } from './node/environment.ts';
import { createNodeFiles } from './node/files.ts';
import { createNodeHttp } from './node/http.ts';
import { createNodeProcesses } from './node/processes.ts';
import { createNodeRandom } from './node/random.ts';
import { createNodeWeb } from './node/web.ts';

/** The world as it is: this machine's disk, network, processes and time. */
export function createNodeIo(): Io {
  const random = createNodeRandom();
  const environment = createNodeEnvironment();
  return {
    files: createNodeFiles(random),
    http: createNodeHttp(),
    web: createNodeWeb(environment),
    processes: createNodeProcesses(),
    environment,
    clock: createNodeClock(),
    random,
  };
}
