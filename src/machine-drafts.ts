// What runs of this machine were making when they were killed. The lock of the machine is held, so
// whoever noted a file in the ledger is gone; files of other ledgers, and of processes that are at work
// now, are in none of its rows.
import type { Io } from './io/io.ts';
import type { Ledger } from './record/ledger.ts';

/** Removes what is left, and returns the ports for work that notes what it makes. */
export async function withDrafts(io: Io, { drafts }: Ledger): Promise<Io> {
  for (const path of drafts.all()) {
    try {
      await io.files.remove(path);
    } catch {
      // Its row stays: the disk may be writable again the next time.
      continue;
    }
    drafts.drop(path);
  }
  return { ...io, drafts };
}
