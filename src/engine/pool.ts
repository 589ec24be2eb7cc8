// Which models are in memory, and for how long. A name holds the process of its files until its
// time is over; a process without a hold and without a request ends. Every change of one process
// waits for the one before, so whoever asks for a model that is on its way waits for it.
import { type InTurn, takingTurns } from '../core/concurrency.ts';
import type { LoadOptions } from '../core/desired.ts';
import { ProblemError } from '../core/problem.ts';
import type { ServedModel } from './catalog.ts';
import { holdsOf } from './holds.ts';
import { busy, inUse, stopping } from './problems.ts';
import { type Crash, type RunningModel, sameRun } from './protocol.ts';
import { type Resident, startResident } from './resident.ts';

export interface LoadOptionsOf {
  /** Null: as configured, and any options that it runs with already are right. */
  readonly load: LoadOptions | null;
  readonly onProgress?: (fraction: number) => void;
}

export interface Pool {
  /** Has the model in memory, for as long as its options say. Throws ProblemError. */
  readonly load: (model: ServedModel, options: LoadOptionsOf) => Promise<RunningModel>;
  /** The model's process, loaded if need be, to run one job in. Throws ProblemError. */
  readonly use: <T>(model: ServedModel, work: (resident: Resident) => Promise<T>) => Promise<T>;
  /** Lets go of what a name holds; false when it held nothing. Throws ProblemError (in use). */
  readonly unload: (name: string, whenIdle: boolean) => Promise<boolean>;
  readonly status: () => { models: readonly RunningModel[]; crashes: readonly Crash[] };
  readonly stop: () => Promise<void>;
}

export interface PoolOptions {
  readonly program: string;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Processes at a time: each takes memory of its own even for a small model. */
export const residentsMax = 16;
const crashesMax = 16;

const keyOf = (model: ServedModel): string => model.files.join(' ');

export function createPool({ program, log }: PoolOptions): Pool {
  const state: State = {
    program,
    log,
    residents: new Map(),
    inTurn: takingTurns(),
    crashes: [],
    stopped: false,
  };
  const { residents, crashes } = state;
  return {
    load: async (model, options) => {
      const resident = await ensure(state, model, options, (one) => {
        one.holds.hold(model.name, (options.load ?? model.load).keepAliveMs);
        return one;
      });
      settle(state, keyOf(model), resident);
      return resident.status();
    },
    use: async (model, work) => {
      const { name, load } = model;
      const { resident, leave } = await ensure(state, model, { load: null }, (one) => {
        one.holds.hold(name, load.keepAliveMs, 'extend');
        return { resident: one, leave: one.enter().leave };
      });
      try {
        return await work(resident);
      } finally {
        // Unless it was told to let go meanwhile.
        if (resident.holds.has(name)) resident.holds.hold(name, load.keepAliveMs, 'extend');
        leave();
      }
    },
    unload: async (name, whenIdle) => {
      const holding = [...residents.values()].filter((one) => one.holds.has(name));
      if (!whenIdle && holding.some((one) => !one.idle())) throw new ProblemError(inUse(name));
      return release(state, name, null);
    },
    status: () => ({ models: [...residents.values()].map((one) => one.status()), crashes }),
    stop: async () => {
      state.stopped = true;
      await Promise.all([...residents].map(([key, resident]) => drop(state, key, resident)));
    },
  };
}

interface State extends PoolOptions {
  readonly residents: Map<string, Resident>;
  readonly inTurn: InTurn;
  readonly crashes: Crash[];
  stopped: boolean;
}

/** `claim` runs before anyone else can decide that the process is no longer needed. */
async function ensure<T>(
  state: State,
  model: ServedModel,
  options: LoadOptionsOf,
  claim: (resident: Resident) => T,
): Promise<T> {
  const key = keyOf(model);
  // A name whose content changed lets go of the old one first: both together might not fit.
  await release(state, model.name, key);
  return state.inTurn(key, async () => {
    if (state.stopped) throw new ProblemError(stopping);
    const running = state.residents.get(key);
    if (running === undefined) return claim(await start(state, model, options));
    if (options.load === null || sameRun(options.load, running.load)) return claim(running);
    if (!running.idle()) throw new ProblemError(inUse(model.name));
    await running.stop();
    return claim(await start(state, model, options));
  });
}

async function start(
  state: State,
  model: ServedModel,
  { load, onProgress }: LoadOptionsOf,
): Promise<Resident> {
  const { residents, crashes, log, program } = state;
  const key = keyOf(model);
  await makeRoom(state, key);
  const holds = residents.get(key)?.holds ?? holdsOf();
  const forget = (): void => {
    if (residents.get(key) === resident) residents.delete(key);
  };
  const resident = startResident({
    model,
    load: load ?? model.load,
    holds,
    program,
    onCrash: (how) => {
      forget();
      holds.stop();
      crashes.push({ names: holds.names(), at: Date.now(), how });
      if (crashes.length > crashesMax) crashes.shift();
      log('crashed', { names: holds.names(), how });
    },
    onIdle: () => settle(state, key, resident),
  });
  residents.set(key, resident);
  try {
    await resident.ready(onProgress);
  } catch (error) {
    forget();
    await resident.stop();
    throw error;
  }
  log('loaded', { name: model.name, pid: resident.status().pid });
  return resident;
}

async function drop({ residents, log }: State, key: string, resident: Resident): Promise<void> {
  if (residents.get(key) === resident) residents.delete(key);
  const names = resident.holds.names();
  await resident.stop();
  log('unloaded', { names, pid: resident.status().pid });
}

/** Ends what nothing holds any longer; looks again when the next hold is over. */
function settle(state: State, key: string, resident: Resident): void {
  const over = (): boolean =>
    state.residents.get(key) === resident && resident.idle() && !resident.holds.any();
  resident.holds.onNextExpiry(() => settle(state, key, resident));
  if (!over()) return;
  void state.inTurn(key, async () => {
    if (over()) await drop(state, key, resident);
  });
}

async function makeRoom(state: State, key: string): Promise<void> {
  const { residents } = state;
  if (residents.has(key) || residents.size < residentsMax) return;
  const [longest] = [...residents]
    .filter(([, one]) => one.status().state === 'ready' && one.idle() && one.holds.lapses())
    .toSorted(([, a], [, b]) => a.status().lastUsedAt - b.status().lastUsedAt);
  if (longest === undefined) {
    throw new ProblemError(busy(`${residentsMax} models are in memory, and none can be unloaded.`));
  }
  await drop(state, ...longest);
}

/** Takes a name's hold from every process but one; those that nothing holds then end. */
async function release(state: State, name: string, except: string | null): Promise<boolean> {
  let released = false;
  for (const [key, resident] of state.residents) {
    if (key === except || !resident.holds.has(name)) continue;
    resident.holds.release(name);
    released = true;
    await state.inTurn(key, async () => {
      if (resident.idle() && !resident.holds.any()) await drop(state, key, resident);
    });
  }
  return released;
}
