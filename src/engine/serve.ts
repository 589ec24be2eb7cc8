// The engine's life: claim the folder, listen, say where, serve, stop. It remembers nothing across
// a stop; what is to be in memory is for the reconciler to restore.
import process from 'node:process';
import { destination, pino } from 'pino';
import { assert } from '../core/assert.ts';
import { isRunning } from '../io/is-running.ts';
import { createNodeIo } from '../io/node.ts';
import { claimFolder } from './only-one.ts';
import { createPool } from './pool.ts';
import type { EngineStatus } from './protocol.ts';
import { routesOf } from './routes.ts';
import { listen } from './server.ts';
import { readState, removeState, writeState } from './state-file.ts';
import { version } from './version.ts';

/** Time for answers that are under way when the engine is told to stop. */
const stopMs = 5_000;
const findableMs = 5_000;

export async function serve(folder: string, storePath: string): Promise<void> {
  const io = createNodeIo();
  // Whoever starts the engine appends its output to the log file.
  const log = pino({ base: { pid: process.pid } }, destination({ fd: 1, sync: true }));
  const isServed = async (): Promise<boolean> => {
    const state = await readState(io.files, folder);
    return state !== null && (await isRunning(io.processes, state));
  };
  if (!(await claimFolder(folder, isServed))) {
    log.info('another engine serves this folder');
    return;
  }
  const token = io.random.hex(32);
  const isFindable = async (): Promise<boolean> =>
    (await readState(io.files, folder))?.token === token;
  const [, program] = process.argv;
  assert(program !== undefined, 'the engine runs from a file');
  const startedAt = Date.now();
  const pool = createPool({ program, log: (event, fields) => log.info(fields, event) });
  const stopping = Promise.withResolvers<void>();
  const status = (): EngineStatus => ({
    pid: process.pid,
    version,
    store: storePath,
    startedAt,
    residentBytes: process.memoryUsage.rss(),
    ...pool.status(),
  });
  const { server, port } = await listen({
    token,
    routes: routesOf({
      store: { path: storePath, io },
      pool,
      status,
      stop: stopping.resolve,
      startedAt,
    }),
    onError: (error) => log.error({ err: error }, 'unexpected'),
  });
  process.on('SIGTERM', () => stopping.resolve());
  process.on('SIGINT', () => stopping.resolve());
  const start = await io.processes.startOf(process.pid);
  await writeState(io.files, folder, {
    pid: process.pid,
    start,
    port,
    token,
    version,
    store: storePath,
  });
  log.info({ port, version, store: storePath }, 'listening');
  // An engine that nobody can find any more, because its folder was removed, is of no use.
  const check = setInterval(() => {
    void isFindable().then((findable) => findable || stopping.resolve());
  }, findableMs).unref();

  await stopping.promise;
  clearInterval(check);
  if (await isFindable()) await removeState(io.files, folder);
  server.close();
  const closing = setTimeout(() => server.closeAllConnections(), stopMs);
  await untilIdle(pool.status, stopMs);
  await pool.stop();
  clearTimeout(closing);
  log.info('stopped');
  process.exit(0);
}

async function untilIdle(
  status: ReturnType<typeof createPool>['status'],
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const busy = (): boolean => status().models.some((one) => one.inFlight + one.waiting > 0);
  while (busy() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}
