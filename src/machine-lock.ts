// Work that nobody else on this machine may disturb: under the lock of its reconcilers, with the
// ledger open for writing.
import type { Problem } from './core/problem.ts';
import { ProblemError } from './core/problem.ts';
import type { Io } from './io/io.ts';
import { withDrafts } from './machine-drafts.ts';
import { type Ledger, openLedger } from './record/ledger.ts';
import { ledgerPathOf, reconcilerLockPathOf } from './state-files.ts';

export interface LockedWork {
  /** As a person would type it, without secrets. */
  readonly command: string;
  readonly timeoutMs: number;
}

/**
 * Throws ProblemError `record/locked` when another process has the lock. A ledger that cannot be
 * written does not stop work that only reads it: a stand-in takes the notes of transfers.
 */
export async function underMachineLock<T>(
  { command, timeoutMs }: LockedWork,
  { io, signal }: { readonly io: Io; readonly signal: AbortSignal },
  work: (ledgers: {
    readonly known: Ledger;
    readonly notes: Ledger;
    /** Notes what is being made. */
    readonly io: Io;
  }) => Promise<T>,
): Promise<{ readonly value: T; readonly problems: readonly Problem[] }> {
  const { acquireLock } = await import('./record/lock.ts');
  const path = reconcilerLockPathOf(io.environment);
  const holder = { pid: io.processes.pid, command, since: io.clock.now() };
  const lock = await acquireLock({ path, timeoutMs, holder }, io, signal);
  if (!lock.ok) throw new ProblemError(firstOf(lock.problems));
  try {
    const known = await openLedger({ path: ledgerPathOf(io.environment), mode: 'write' }, io);
    const notes =
      known.problem === null ? known : await openLedger({ path: ':memory:', mode: 'write' }, io);
    try {
      const value = await work({ known, notes, io: await withDrafts(io, notes) });
      return { value, problems: known.problem === null ? [] : [asWarning(known.problem)] };
    } finally {
      known.close();
      if (notes !== known) notes.close();
    }
  } finally {
    await lock.value.release();
  }
}

const asWarning = (problem: Problem): Problem => ({ ...problem, severity: 'warning' });

function firstOf([problem]: readonly Problem[]): Problem {
  if (problem === undefined) throw new Error('a lock was refused without a problem');
  return problem;
}
