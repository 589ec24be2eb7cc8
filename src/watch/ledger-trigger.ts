// The ledger as a trigger: what people ask of this loop, and suspend or resume, is rows there. Whoever
// writes one is another process, so it is polled: one pragma each time, and nothing is read as long as
// nobody has written. This loop puts itself on record, so that others know whom to ask.
import { canonicalJson } from '../core/canonical.ts';
import { ProblemError } from '../core/problem.ts';
import type { ReconcileAnswer, RunningWatch, Wishes } from '../core/wish.ts';
import type { Io } from '../io/io.ts';
import { openLedger } from '../record/ledger.ts';
import { ledgerPathOf } from '../state-files.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { Tell } from './trigger.ts';

export interface LedgerTrigger {
  readonly poll: (tell: Tell, signal: AbortSignal) => Promise<void>;
  /** Once, between two polls: a run of ours may just have made the ledger. */
  readonly look: (tell: Tell) => Promise<void>;
  readonly answer: (ask: string, answer: ReconcileAnswer) => Promise<void>;
  /** Takes itself off the record. */
  readonly leave: () => Promise<void>;
}

const pollMs = 1_000;

export function createLedgerTrigger(
  watch: RunningWatch,
  reader: LedgerReader,
  io: Io,
): LedgerTrigger {
  const told = new Set<string>();
  let seen = -1;
  let suspensions: string | null = null;
  const look = async (tell: Tell): Promise<void> => {
    const { wishes } = await reader.ledger();
    if (reader.generation() === seen) return;
    seen = reader.generation();
    if (reader.isThere() && !wishes.watches().some(({ id }) => id === watch.id)) {
      await write(io, (ledger) => ledger.addWatch(watch));
    }
    for (const ask of wishes.asks(watch.id)) {
      if (!told.has(ask.id)) tell({ kind: 'asked', ask });
      told.add(ask.id);
    }
    const now = canonicalJson(wishes.suspensions());
    if (suspensions !== null && suspensions !== now) tell({ kind: 'wishes' });
    suspensions = now;
  };
  return {
    look,
    poll: async (tell, signal) => {
      while (!signal.aborted) {
        await look(tell);
        await io.clock.sleep(pollMs, signal).catch(() => undefined);
      }
    },
    answer: async (ask, answer) => {
      told.delete(ask);
      await write(io, (ledger) => ledger.answer(ask, answer));
    },
    leave: async () => {
      if (reader.isThere()) await write(io, (ledger) => ledger.removeWatch(watch.id));
    },
  };
}

/** Beside whoever holds the lock. What cannot be written is no reason for the loop to end. */
async function write(io: Io, work: (wishes: Wishes) => void): Promise<void> {
  const path = ledgerPathOf(io.environment);
  if ((await io.files.stat(path)) === null) return;
  const ledger = await openLedger({ path, mode: 'beside' }, io);
  try {
    if (ledger.problem === null) work(ledger.wishes);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
  } finally {
    ledger.close();
  }
}
