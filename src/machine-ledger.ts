// The ledger of this machine, open for as long as some work takes.
import type { Io } from './io/io.ts';
import { type Ledger, openLedger } from './record/ledger.ts';
import { ledgerPathOf } from './state-files.ts';

/** Whoever writes holds the lock of this machine. */
export async function withLedger<T>(
  io: Io,
  mode: 'read' | 'write',
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const ledger = await openLedger({ path: ledgerPathOf(io.environment), mode }, io);
  try {
    return await work(ledger);
  } finally {
    ledger.close();
  }
}
