// Writes into the journal how far a transfer is: often, so that a killed process loses little, and
// now and then, once the bytes are on the disk itself, so that a power cut does not lose it all.
import { addSpan, commonSpans, type Span, type Spans } from '../../core/span.ts';
import type {
  ProcessMark,
  TransferJournal,
  TransferWish,
  UnfinishedTransfer,
} from '../../core/transfer.ts';
import type { Assembly, Io } from '../../io/io.ts';

export interface Recorder {
  readonly onWritten: (span: Span, assembly: Promise<Assembly>) => void;
  readonly onValidator: (validator: string | null) => void;
  /** Says that somebody works on it. */
  readonly begin: () => void;
  /** Looks what a person asks for and saves what is unsaved, however long nothing arrives. */
  readonly look: () => void;
  /** Says that nobody does, and how far it is. */
  readonly end: () => void;
}

const saveBytesMin = 64 * 1024;
const saveBytesMax = 8 * 1024 * 1024;
/** A kill costs about so much of a file at the most, however small it is. */
const saveShare = 1 / 64;
const saveMs = 250;

const saveBytesFor = (bytes: number): number =>
  Math.min(Math.max(bytes * saveShare, saveBytesMin), saveBytesMax);

/** Small, so that the disk begins at once with what would all be due at the end. */
const syncBytes = 32 * 1024 * 1024;
const syncMs = 10_000;

const yes = (): boolean => true;
const no = (): boolean => false;

/** Who works on which file, and since when. */
type Subject = Omit<
  UnfinishedTransfer,
  'validator' | 'written' | 'durable' | 'startedAt' | 'updatedAt'
>;

interface Recording {
  readonly io: Pick<Io, 'clock'>;
  readonly subject: Subject;
  readonly left: UnfinishedTransfer | null;
  readonly present: Spans;
  readonly journal: TransferJournal;
  readonly onWish: (wish: TransferWish) => void;
  /** The journal cannot be written. */
  readonly onFailure: (error: unknown) => void;
}

export function recorder({
  io,
  subject,
  left,
  present,
  journal,
  onWish,
  onFailure,
}: Recording): Recorder {
  const saveBytes = saveBytesFor(subject.bytes);
  const startedAt = left?.startedAt ?? io.clock.now();
  let written = present;
  let durable: Spans = left === null ? [] : commonSpans(left.durable, present);
  let validator = left?.validator ?? null;
  let unsaved = 0;
  let unsynced = 0;
  let savedAt = io.clock.now();
  let syncedAt = savedAt;
  let isSyncing = false;

  const save = (process: ProcessMark | null): void => {
    unsaved = 0;
    savedAt = io.clock.now();
    const times = { startedAt, updatedAt: savedAt };
    const wish = journal.save({ ...subject, process, validator, written, durable, ...times });
    if (wish !== null) onWish(wish);
  };
  // Called by whoever writes, who could do nothing about a journal that fails.
  const aside = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      onFailure(error);
    }
  };
  const sync = async (assembly: Promise<Assembly>): Promise<void> => {
    const covered = written;
    isSyncing = true;
    unsynced = 0;
    syncedAt = io.clock.now();
    // Whoever writes or finishes learns of a failure; here it only means: not durable.
    const isDurable = await assembly.then((file) => file.sync()).then(yes, no);
    if (isDurable) durable = covered;
    isSyncing = false;
  };
  return {
    onWritten: (span, assembly) => {
      written = addSpan(written, span);
      unsaved += span[1] - span[0];
      unsynced += span[1] - span[0];
      const now = io.clock.now();
      if (unsaved >= saveBytes || now - savedAt >= saveMs) {
        aside(() => save(subject.process));
      }
      if (!isSyncing && (unsynced >= syncBytes || now - syncedAt >= syncMs)) void sync(assembly);
    },
    onValidator: (next) => {
      if (next !== null) validator = next;
    },
    begin: () => save(subject.process),
    look: () =>
      aside(() => {
        if (unsaved > 0 || journal.isAsked(subject.digest)) save(subject.process);
      }),
    end: () => save(null),
  };
}
