// The lock of this machine, while something is done on one engine of a loop or on more. Several engines act at
// the same time under one hold of it, with one open ledger and one pool of transfers; while nothing
// is done nobody holds it.
import type { Flights } from '../artifacts/transfer/obtain.ts';
import { createFlights } from '../artifacts/transfer/obtain.ts';
import { type Companions, createCompanions } from '../companions.ts';
import type { Problem } from '../core/problem.ts';
import type { Io } from '../io/io.ts';
import { type Ledger, openLedger } from '../record/ledger.ts';
import { acquireLock, type Lock } from '../record/lock.ts';
import { ledgerPathOf, reconcilerLockPathOf } from '../state-files.ts';

export interface Held {
  readonly ledger: Ledger;
  readonly companions: Companions;
}

/** `refused`: another process has the lock, or it cannot be taken at all. */
export type HoldOutcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'refused'; readonly problem: Problem };

export interface Hold {
  readonly during: <T>(work: (held: Held) => Promise<T>) => Promise<HoldOutcome<T>>;
}

interface Open extends Held {
  readonly lock: Lock;
}

type Opening =
  | { readonly kind: 'open'; readonly open: Open }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** `command`: as a person would type it. `signal` ends the taking of the lock, not what is done. */
export function createHold(command: string, io: Io, signal: AbortSignal): Hold {
  const flights: Flights = createFlights();
  const companions = createCompanions(flights);
  let users = 0;
  let opening: Promise<Opening> | null = null;
  let closing: Promise<void> = Promise.resolve();

  const open = async (): Promise<Opening> => {
    await closing;
    const path = reconcilerLockPathOf(io.environment);
    const holder = { pid: io.processes.pid, command, since: io.clock.now() };
    const lock = await acquireLock({ path, timeoutMs: 0, holder }, io, signal);
    if (!lock.ok) return { kind: 'refused', problem: firstOf(lock.problems) };
    try {
      const ledger = await openLedger({ path: ledgerPathOf(io.environment), mode: 'write' }, io);
      return { kind: 'open', open: { lock: lock.value, ledger, companions } };
    } catch (error) {
      await lock.value.release();
      throw error;
    }
  };
  const close = async (opened: Promise<Opening>): Promise<void> => {
    const result = await opened;
    if (result.kind === 'refused') return;
    result.open.ledger.close();
    await result.open.lock.release();
  };

  return {
    during: async (work) => {
      users += 1;
      const mine = (opening ??= open());
      try {
        const result = await mine;
        if (result.kind === 'refused') return result;
        return { kind: 'done', value: await work(result.open) };
      } finally {
        users -= 1;
        if (users === 0) {
          opening = null;
          closing = close(mine).catch(() => undefined);
          await closing;
        }
      }
    },
  };
}

function firstOf([problem]: readonly Problem[]): Problem {
  if (problem === undefined) throw new Error('a lock was refused without a problem');
  return problem;
}
