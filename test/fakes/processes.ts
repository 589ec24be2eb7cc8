// Processes that are only remembered: what was started, what is alive, what was told to stop.
import { assert } from '../../src/core/assert.ts';
import type { Processes, Ran } from '../../src/io/io.ts';
import type { FakeEffects } from './effects.ts';

type Spawned = Parameters<Processes['spawnDetached']>[0] & { readonly pid: number };

export interface FakeProcesses extends Processes {
  readonly spawned: readonly Spawned[];
  /** Told of each start, to bring up whatever the program would have been. */
  readonly onSpawn: (listener: (spawned: Spawned) => void) => void;
  /** Told of each signal to a living process. SIGKILL has ended it by then. */
  readonly onSignal: (listener: (pid: number, signal: 'SIGTERM' | 'SIGKILL') => void) => void;
  readonly end: (pid: number) => void;
  /** What programs do that are run; without it there are none. */
  readonly onRun: (listener: (program: string, given: readonly string[]) => Ran) => void;
  /** What processes were started with; of others it cannot be told. */
  readonly environments: Map<number, Readonly<Record<string, string>>>;
  /** A process that is none of ours; its pid. */
  readonly begin: () => number;
  /** Locks held now, and all that were ever asked for. */
  readonly locks: { readonly held: Set<string>; readonly asked: readonly string[] };
  /** Whether this machine has flock(1); it has. */
  hasLocks: boolean;
}

export function createFakeProcesses(effects: FakeEffects): FakeProcesses {
  const pid = 1000;
  let next = pid + 1;
  const alive = new Set([pid]);
  const spawned: Spawned[] = [];
  let onSpawn: (spawned: Spawned) => void = () => undefined;
  let onSignal: (pid: number, signal: 'SIGTERM' | 'SIGKILL') => void = () => undefined;
  let onRun: (program: string, given: readonly string[]) => Ran = () => ({ kind: 'absent' });
  const environments = new Map<number, Readonly<Record<string, string>>>();
  const locks = { held: new Set<string>(), asked: [] as string[] };
  const fake: FakeProcesses = {
    pid,
    spawned,
    locks,
    hasLocks: true,
    lockFile: async (path) => {
      locks.asked.push(path);
      if (!fake.hasLocks) return { kind: 'unavailable' };
      if (locks.held.has(path)) return { kind: 'busy' };
      locks.held.add(path);
      return { kind: 'held', release: async () => void locks.held.delete(path) };
    },
    onSpawn: (listener) => {
      onSpawn = listener;
    },
    onSignal: (listener) => {
      onSignal = listener;
    },
    environments,
    begin: () => {
      const begun = next;
      next += 1;
      alive.add(begun);
      return begun;
    },
    end: (ended) => {
      alive.delete(ended);
    },
    onRun: (listener) => {
      onRun = listener;
    },
    run: async (program, given, { signal }) => {
      signal.throwIfAborted();
      const doing = { kind: 'run', subject: [program, ...given].join(' ') } as const;
      return effects.apply(doing, () => onRun(program, given));
    },
    environmentOf: async (asked) => (alive.has(asked) ? (environments.get(asked) ?? null) : null),
    spawnDetached: async (options) => {
      const child = { ...options, pid: next };
      effects.apply({ kind: 'spawn', subject: options.program }, () => {
        next += 1;
        alive.add(child.pid);
        spawned.push(child);
      });
      onSpawn(child);
      return child.pid;
    },
    bootId: async () => 'boot-1',
    ask: async () => ({ kind: 'missing' }),
    isAlive: (asked) => alive.has(checkPid(asked)),
    startOf: async (asked) => (alive.has(checkPid(asked)) ? `started-${asked}` : null),
    signal: (asked, signal) => {
      if (!alive.has(checkPid(asked))) return;
      effects.apply({ kind: 'signal', subject: `${signal} ${asked}` }, () => {
        if (signal === 'SIGKILL') alive.delete(asked);
      });
      onSignal(asked, signal);
    },
  };
  return fake;
}

function checkPid(pid: number): number {
  assert(Number.isSafeInteger(pid) && pid > 0, `${pid} is not a process`);
  return pid;
}
