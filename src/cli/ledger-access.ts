// The ledger for commands that look something up in it, or record what a person decided. Opened
// for as long as it takes, and never made by reading.

import { ProblemError } from '../core/problem.ts';
import type { Io } from '../io/io.ts';
import { type Ledger, openLedger } from '../record/ledger.ts';
import { acquireLock } from '../record/lock.ts';
import { ledgerPathOf, reconcilerLockPathOf } from '../state-files.ts';
import { firstOf } from './first-problem.ts';

/** `work` gets the ledger's problem with it: an empty stand-in takes the place of a damaged one. */
export async function readingLedger<T>(io: Io, work: (ledger: Ledger) => T): Promise<T> {
  const ledger = await openLedger({ path: ledgerPathOf(io.environment), mode: 'read' }, io);
  try {
    return work(ledger);
  } finally {
    ledger.close();
  }
}

/** Under the lock of this machine. Throws ProblemError when another process holds it. */
export async function writingLedger<T>(
  {
    io,
    signal,
    command,
  }: { readonly io: Io; readonly signal: AbortSignal; readonly command: string },
  work: (ledger: Ledger) => T,
): Promise<T> {
  const holder = { pid: io.processes.pid, command, since: io.clock.now() };
  const path = reconcilerLockPathOf(io.environment);
  const lock = await acquireLock({ path, timeoutMs: 0, holder }, io, signal);
  if (!lock.ok) throw firstOf(lock.problems);
  try {
    const ledger = await openLedger({ path: ledgerPathOf(io.environment), mode: 'write' }, io);
    try {
      if (ledger.problem !== null) throw new ProblemError(ledger.problem);
      return work(ledger);
    } finally {
      ledger.close();
    }
  } finally {
    await lock.value.release();
  }
}
