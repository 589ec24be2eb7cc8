// Ends transfers that a person names, whoever works on them. A running one is asked to end through
// the ledger and ended by its own process, which alone writes to its file; what nobody works on is
// removed here, while nobody can begin to. Takes no process lock: it works beside a run.
import { fileProblem } from './artifacts/file-problem.ts';
import { ProblemError } from './core/problem.ts';
import type { SurveyedTransfer } from './core/surveyed-transfer.ts';
import type { TransferWish, UnfinishedTransfer } from './core/transfer.ts';
import type { Io } from './io/io.ts';
import { isRunning } from './io/is-running.ts';
import { type Ledger, openLedger } from './record/ledger.ts';
import { ledgerPathOf } from './state-files.ts';

/**
 * `stopped`: it has ended, and what arrived is kept. `dropped`: nothing of it is left. `arrived`: it
 * was complete before it could be ended. `idle`: nobody worked on it, and it is kept. `running`: its
 * process has not ended it in time.
 */
export type CancelOutcome = 'stopped' | 'dropped' | 'arrived' | 'idle' | 'running';

export interface Cancelled {
  readonly transfer: SurveyedTransfer;
  readonly outcome: CancelOutcome;
}

export interface CancelContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** For all of them together. */
  readonly timeoutMs: number;
}

const pollMs = 100;

/** `drop`: what arrived is removed, too. Throws ProblemError when the ledger cannot be written. */
export async function cancelTransfers(
  transfers: readonly SurveyedTransfer[],
  wish: TransferWish,
  { io, signal, timeoutMs }: CancelContext,
): Promise<readonly Cancelled[]> {
  const path = ledgerPathOf(io.environment);
  const ledger = await openLedger({ path, mode: 'beside' }, io);
  try {
    if (ledger.problem !== null) throw new ProblemError(ledger.problem);
    const deadline = io.clock.now() + timeoutMs;
    const work = { io, signal, wish, ledger, deadline };
    // All of them first, so that they end beside each other.
    for (const { digest, state } of transfers) {
      if (state === 'running') ledger.askTransfer(digest, wish);
    }
    const ended: Cancelled[] = [];
    for (const transfer of transfers) {
      ended.push({ transfer, outcome: await cancel(transfer, work) });
    }
    return ended;
  } finally {
    ledger.close();
  }
}

interface Work {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly wish: TransferWish;
  readonly ledger: Ledger;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

async function cancel(transfer: SurveyedTransfer, work: Work): Promise<CancelOutcome> {
  const { io, signal, wish, ledger, deadline } = work;
  const { digest, file } = transfer;
  for (let wasRunning = false; ; wasRunning = true) {
    const known = ledger.journal.find(digest);
    if (known === null && wasRunning) return endedBy(file, work);
    if (known === null || !(await runs(known, io))) {
      if (wish === 'stop') return wasRunning ? 'stopped' : 'idle';
      if (await drop(transfer, work)) return 'dropped';
    } else {
      if (io.clock.now() >= deadline) return 'running';
      // Again each time: whoever takes it up anew knows nothing of what was asked before.
      ledger.askTransfer(digest, wish);
      await io.clock.sleep(pollMs, signal);
    }
  }
}

const runs = async ({ process }: UnfinishedTransfer, { processes }: Io): Promise<boolean> =>
  process !== null && (await isRunning(processes, process));

/** Its process has ended it, and nothing is on record any more. */
async function endedBy(partial: string, { io, wish }: Work): Promise<CancelOutcome> {
  if (wish === 'stop') return 'arrived';
  const hasArrived = (await io.files.stat(partial.replace(/\.partial$/, ''))) !== null;
  return hasArrived ? 'arrived' : 'dropped';
}

const drop = ({ digest, file }: SurveyedTransfer, { io, ledger }: Work): Promise<boolean> =>
  ledger.dropTransfer(digest, {
    isFree: async (known) => !(await runs(known, io)),
    remove: async () => {
      try {
        await io.files.remove(file);
      } catch (error) {
        throw new ProblemError(fileProblem(error, `remove ${file}`), { cause: error });
      }
    },
  });
