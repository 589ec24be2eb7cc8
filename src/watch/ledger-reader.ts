// The ledger of this machine, open for reading for as long as a loop runs. It is looked at anew
// whenever somebody has written, and opened anew when it is another file: made, lost or set aside.
import type { Io } from '../io/io.ts';
import { type Ledger, openLedger } from '../record/ledger.ts';
import { ledgerPathOf } from '../state-files.ts';

export interface LedgerReader {
  /** As it is now. */
  readonly ledger: () => Promise<Ledger>;
  /** Moves whenever somebody has written. */
  readonly generation: () => number;
  /** Whether there is a file at all. */
  readonly isThere: () => boolean;
  readonly close: () => void;
}

export function createLedgerReader(io: Io): LedgerReader {
  const path = ledgerPathOf(io.environment);
  let open: { readonly ledger: Ledger; readonly inode: string | null } | null = null;
  let replaced: Ledger | null = null;
  let generation = 0;
  let opening: Promise<Ledger> = Promise.resolve(null as never);

  const refresh = async (): Promise<Ledger> => {
    const inode = (await io.files.entry(path))?.inode ?? null;
    // A damaged one may have been mended in place.
    if (open !== null && open.inode === inode && open.ledger.problem === null) {
      if (open.ledger.hasChanged()) generation += 1;
      return open.ledger;
    }
    // Somebody may still look at it; by the next time nobody does.
    replaced?.close();
    replaced = open?.ledger ?? null;
    open = null;
    const ledger = await openLedger({ path, mode: 'read' }, io);
    open = { ledger, inode };
    generation += 1;
    return ledger;
  };
  return {
    // One after the other: two may ask at the same time, and one of them would close it.
    ledger: () => {
      opening = opening.then(refresh, refresh);
      return opening;
    },
    generation: () => generation,
    isThere: () => open !== null && open.inode !== null,
    close: () => {
      replaced?.close();
      open?.ledger.close();
      open = null;
    },
  };
}
