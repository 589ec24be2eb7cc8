// The ledger of this machine: what modelctl owns, what it was in the middle of, what it did, and
// what it learned about digests. It never says what exists; that is observed. The inventory is
// widened before the first effect of a run and narrowed only on observed absence, so whatever a
// crash leaves behind is owned.
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '../core/assert.ts';
import type { BackendReference } from '../core/backend-reference.ts';
import type { ChangeSetEntry } from '../core/changeset.ts';
import type { Digest } from '../core/digest.ts';
import type { Drafts } from '../core/draft.ts';
import type { HistoryEntry } from '../core/history.ts';
import type { InventoryEntry, LedgerView } from '../core/inventory.ts';
import { type Placement, type PlacementKey, placementOf } from '../core/key.ts';
import type { Action } from '../core/plan.ts';
import { type Problem, ProblemError } from '../core/problem.ts';
import type { SharedFiles } from '../core/shared-file.ts';
import type {
  Checksums,
  TransferJournal,
  TransferWish,
  UnfinishedTransfer,
} from '../core/transfer.ts';
import type { VerifiedFile } from '../core/verification.ts';
import type { Wishes } from '../core/wish.ts';
import type { Io } from '../io/io.ts';
import { type Database, databaseOf, type Write } from './ledger/database.ts';
import { draftsOf } from './ledger/drafts.ts';
import { ledgerProblem, onLedger, whileOnLedger } from './ledger/failure.ts';
import { openFile, openStandIn } from './ledger/file.ts';
import { readHistory, writeHistory } from './ledger/history.ts';
import { type LedgerState, readState, viewOf } from './ledger/read.ts';
import { toEntry } from './ledger/rows.ts';
import { migrations } from './ledger/schema.ts';
import { sharedFilesOf } from './ledger/shared-files.ts';
import type {
  ActionFacts,
  HistoryFilter,
  RunStart,
  SetRecord,
  Settlement,
} from './ledger/steps.ts';
import {
  type DropSteps,
  dropTransfer,
  forgetTransfer,
  isAsked,
  readChecksums,
  readTransfer,
  readTransfers,
  takeTransfer,
  writeChecksums,
  writeTransfer,
  writeWish,
} from './ledger/transfers.ts';
import { forgetVerified, readVerified, writeVerified } from './ledger/verified.ts';
import {
  dropAsk,
  dropSuspension,
  dropWatch,
  readAsks,
  readWatches,
  writeAnswer,
  writeAsk,
  writeSuspension,
  writeWatch,
} from './ledger/wishes.ts';
import {
  settlementStep,
  writeApproval,
  writeIntent,
  writeOutcome,
  writeStart,
} from './ledger/write.ts';

/** A run that has widened the inventory: only then may it begin actions. */
export interface Run {
  /** Before the first effect of an action. Actions of one name do not overlap. */
  readonly openIntent: (action: Action, now: number) => void;
  /** Outcome, inventory, what was learned and history, in one transaction. */
  readonly closeIntent: (change: ChangeSetEntry, facts: ActionFacts, now: number) => void;
}

/** Every method throws ProblemError when the file fails; writing to what is read-only, too. */
export interface Ledger {
  /** Why it can only be read, or stands in for what cannot be read at all; null when all is well. */
  readonly problem: Problem | null;
  readonly view: (now: number) => LedgerView;
  readonly inventory: () => readonly InventoryEntry[];
  readonly entryOf: (set: string, at: Placement) => InventoryEntry | null;
  readonly setRecord: (set: string) => SetRecord | null;
  readonly backends: () => readonly BackendReference[];
  readonly beginRun: (start: RunStart) => Run;
  /** Whether `settle` would have anything to write. */
  readonly wouldSettle: (settlement: Settlement) => boolean;
  /** Returns whether there was anything to write; that is asked for even where writing fails. */
  readonly settle: (settlement: Settlement) => boolean;
  /** A person agrees to the eviction of what was found, not made. */
  readonly approve: (key: PlacementKey, who: string, now: number) => void;
  /** Files that have not arrived in full, oldest first. */
  readonly transfers: () => readonly UnfinishedTransfer[];
  /** For what moves bytes. Its writes are not flushed one by one. */
  readonly journal: TransferJournal;
  /** What is ours in caches that other tools use too. */
  readonly sharedFiles: SharedFiles;
  /** Files that are being made. Its writes are not flushed one by one. */
  readonly drafts: Drafts;
  /** Asks whoever works on a transfer to end it; false when there is none. */
  readonly askTransfer: (digest: Digest, wish: TransferWish) => boolean;
  /** Removes an unfinished file and what is known of it; false when somebody works on it. */
  readonly dropTransfer: (digest: Digest, steps: DropSteps) => Promise<boolean>;
  readonly checksumsOf: (digest: Digest) => Checksums | null;
  /** How a file looked when it was last hashed and found right; null where that was never. */
  readonly verifiedAt: (path: string) => VerifiedFile | null;
  readonly keepVerified: (files: readonly VerifiedFile[]) => void;
  readonly forgetVerified: (paths: readonly string[]) => void;
  /** Something that was done to a model outside a plan. */
  readonly note: (entry: HistoryEntry) => void;
  /** What people ask of runs and loops. */
  readonly wishes: Wishes;
  /**
   * Whether another connection has written since this was asked last; all that is read afterwards is
   * as it is then.
   */
  readonly hasChanged: () => boolean;
  /** Newest first. */
  readonly history: (filter: HistoryFilter) => readonly HistoryEntry[];
  readonly close: () => void;
}

export interface LedgerOptions {
  /** Absolute; `:memory:` for one that lives as long as it is open. */
  readonly path: string;
  /** `beside`: transfers may be written, and nothing else; for what does not hold the process lock. */
  readonly mode: 'read' | 'beside' | 'write';
}

/**
 * Never fails: a ledger that is damaged, newer, unreadable or not ours to write is left as it is,
 * and what is returned has the problem and can only be read. Opening for writing makes a missing
 * ledger and brings an older one up to date; the process lock must be held for that. Opening it
 * `beside` whoever holds that does neither.
 */
export async function openLedger(
  { path, mode }: LedgerOptions,
  io: Pick<Io, 'files' | 'random'>,
): Promise<Ledger> {
  const options = { path, mode };
  try {
    const { raw, problem } = await openFile({ ...options, migrations }, io);
    return createLedger(options, problem, raw);
  } catch (error) {
    const problem = error instanceof ProblemError ? error.problem : ledgerProblem(error, path);
    if (problem === null) throw error;
    return createLedger(options, problem, await openStandIn(migrations));
  }
}

function createLedger(
  { path, mode }: LedgerOptions,
  problem: Problem | null,
  raw: DatabaseSync,
): Ledger {
  const database = databaseOf(raw);
  let version = versionOfData(database);
  let known: LedgerState | null = readFirst(database);
  const state = (): LedgerState => (known ??= onLedger(path, () => readState(database)));
  const writeOnly = <T>(work: () => T): T => {
    assert(mode !== 'read', 'a ledger opened for reading is not written');
    if (problem !== null) throw new ProblemError(problem);
    return onLedger(path, work);
  };
  const write = <T>(work: () => T): T => {
    assert(mode === 'write', 'a ledger opened for reading, or beside another, owns nothing new');
    known = null;
    return writeOnly(work);
  };
  return {
    problem,
    view: (now) => {
      const viewMode = problem === null ? 'writable' : 'read-only';
      return onLedger(path, () => viewOf(database, state(), viewMode, now));
    },
    inventory: () => state().inventory,
    entryOf: (set, at) => onLedger(path, () => readEntry(database, set, at)),
    setRecord: (set) => state().sets.get(set) ?? null,
    backends: () => [...state().backends.values()],
    beginRun: (start) => {
      const before = state();
      write(() => writeStart(database, before, start));
      return {
        openIntent: (action, now) => write(() => writeIntent(database, start.set, action, now)),
        closeIntent: (change, facts, now) =>
          write(() => writeOutcome(database, start.set, change, facts, now)),
      };
    },
    wouldSettle: (settlement) => settlementStep(database, state(), settlement) !== null,
    settle: (settlement) => {
      const step = settlementStep(database, state(), settlement);
      if (step === null) return false;
      write(step);
      return true;
    },
    approve: (key, who, now) => write(() => writeApproval(database, placementOf(key), who, now)),
    transfers: () => onLedger(path, () => readTransfers(database)),
    journal: journalOf(database, path, writeOnly),
    sharedFiles: sharedFilesOf(database, path, writeOnly),
    drafts: draftsOf(database, path, writeOnly),
    ...filesOf(database, path, writeOnly),
    note: (entry) => writeOnly(() => writeHistory(database, entry)),
    wishes: wishesOf(database, path, {
      read: () => state().suspensions,
      write: (work) => {
        known = null;
        return writeOnly(work);
      },
    }),
    hasChanged: () => {
      const now = onLedger(path, () => versionOfData(database));
      const changed = now !== version;
      version = now;
      if (changed) known = null;
      return changed;
    },
    history: (filter) => onLedger(path, () => readHistory(database, filter)),
    close: () => database.close(),
  };
}

/** What is remembered of single files. */
const filesOf = (
  database: Database,
  path: string,
  writeOnly: Write,
): Pick<
  Ledger,
  'askTransfer' | 'dropTransfer' | 'checksumsOf' | 'verifiedAt' | 'keepVerified' | 'forgetVerified'
> => ({
  askTransfer: (digest, wish) => writeOnly(() => writeWish(database, digest, wish)),
  dropTransfer: (digest, steps) =>
    whileOnLedger(path, () => writeOnly(() => dropTransfer(database, digest, steps))),
  checksumsOf: (digest) => onLedger(path, () => readChecksums(database, digest)),
  verifiedAt: (file) => onLedger(path, () => readVerified(database, file)),
  keepVerified: (files) => writeOnly(() => writeVerified(database, files)),
  forgetVerified: (paths) => writeOnly(() => forgetVerified(database, paths)),
});

const wishesOf = (
  database: Database,
  path: string,
  { read, write }: { readonly read: Wishes['suspensions']; readonly write: Write },
): Wishes => ({
  suspensions: read,
  suspend: (suspension) => write(() => writeSuspension(database, suspension)),
  resume: (set, model) => write(() => dropSuspension(database, set, model)),
  watches: () => onLedger(path, () => readWatches(database)),
  addWatch: (watch) => write(() => writeWatch(database, watch)),
  removeWatch: (id) => write(() => dropWatch(database, id)),
  ask: (ask) => write(() => writeAsk(database, ask)),
  asks: (openOf) => onLedger(path, () => readAsks(database, openOf ?? null)),
  answer: (id, answer) => write(() => writeAnswer(database, id, answer)),
  forgetAsk: (id) => write(() => dropAsk(database, id)),
});

const journalOf = (database: Database, path: string, write: Write): TransferJournal => ({
  find: (digest) => onLedger(path, () => readTransfer(database, digest)),
  take: (digest, process) => write(() => takeTransfer(database, digest, process)),
  isAsked: (digest) => onLedger(path, () => isAsked(database, digest)),
  save: (transfer) => write(() => writeTransfer(database, transfer)),
  forget: (digest) => write(() => forgetTransfer(database, digest)),
  keepChecksums: (digest, sums) => write(() => writeChecksums(database, digest, sums)),
});

/** Moves when another connection has committed. */
const versionOfData = (database: Database): unknown =>
  database.all('PRAGMA data_version')[0]?.['data_version'];

/** Damage that only shows in a row is found here, before anyone relies on the ledger. */
function readFirst(database: Database): LedgerState {
  try {
    return readState(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function readEntry(database: Database, set: string, at: Placement): InventoryEntry | null {
  const [row] = database.all(
    'SELECT * FROM inventory WHERE set_id = ? AND host = ? AND backend = ? AND name = ?',
    set,
    at.host,
    at.backend,
    at.name,
  );
  return row === undefined ? null : toEntry(row);
}
