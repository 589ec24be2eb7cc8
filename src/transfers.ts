// What is on its way onto this machine, and what was left lying on the way: the ledger's list of
// unfinished transfers joined with what the staging folder holds, so that no bytes hide. Reads only,
// and needs no engine, so it works beside a run.
import { posix } from 'node:path';
import { stagingPath } from './artifacts/transfer/obtain.ts';
import type { Digest } from './core/digest.ts';
import type { Problem } from './core/problem.ts';
import { spanBytes } from './core/span.ts';
import type { SurveyedTransfer } from './core/surveyed-transfer.ts';
import { reliableSpans, type UnfinishedTransfer } from './core/transfer.ts';
import { homeOf } from './io/home.ts';
import type { FileEntry, Io } from './io/io.ts';
import { isRunning } from './io/is-running.ts';
import { openLedger } from './record/ledger.ts';
import { ledgerPathOf } from './state-files.ts';

export interface Transfers {
  /** Oldest first; files that nothing is known of come last. */
  readonly transfers: readonly SurveyedTransfer[];
  /** Why the ledger cannot be relied on; its transfers are then missing from the list. */
  readonly problem: Problem | null;
}

/** Throws node's own errors of the disk. */
export async function listTransfers(io: Io): Promise<Transfers> {
  const ledger = await openLedger({ path: ledgerPathOf(io.environment), mode: 'read' }, io);
  try {
    // Files first: what begins meanwhile is on record before it is in the folder.
    const files = await stagedFiles(io);
    const known = await Promise.all(ledger.transfers().map((one) => survey(one, io)));
    const told = new Set(known.map(({ file }) => file));
    const others = files.filter(({ file }) => !told.has(file));
    return { transfers: [...known, ...others], problem: ledger.problem };
  } finally {
    ledger.close();
  }
}

async function survey(transfer: UnfinishedTransfer, io: Io): Promise<SurveyedTransfer> {
  const { digest, bytes, source, path, wantedBy, partial, process, startedAt, updatedAt } =
    transfer;
  const [entry, boot] = await Promise.all([io.files.entry(partial), io.processes.bootId()]);
  const runs = process !== null && (await isRunning(io.processes, process));
  const arrived = runs ? transfer.written : reliableSpans(transfer, boot);
  return {
    digest,
    state: runs ? 'running' : entry === null ? 'missing' : 'partial',
    origin: { source, path, wantedBy },
    completedBytes: entry === null ? 0 : spanBytes(arrived),
    totalBytes: bytes,
    diskBytes: entry?.diskBytes ?? 0,
    file: partial,
    pid: runs ? process.pid : null,
    startedAt,
    updatedAt,
  };
}

async function stagedFiles(io: Io): Promise<readonly SurveyedTransfer[]> {
  const folder = stagingPath(homeOf(io.environment).cache);
  if ((await io.files.stat(folder)) === null) return [];
  const names = await io.files.list(folder);
  const found = await Promise.all(
    names.map(async ({ name }) => {
      const [, hex, partial] = /^([0-9a-f]{64})(\.partial)?$/.exec(name) ?? [];
      const file = posix.join(folder, name);
      const entry = hex === undefined ? null : await io.files.entry(file);
      if (hex === undefined || entry?.kind !== 'file') return [];
      return [unknownFile(`sha256:${hex}`, partial !== undefined, file, entry)];
    }),
  );
  return found.flat();
}

const unknownFile = (
  digest: Digest,
  isPartial: boolean,
  file: string,
  { bytes, diskBytes, modifiedAt }: FileEntry,
): SurveyedTransfer => ({
  digest,
  state: isPartial ? 'orphan' : 'staged',
  origin: null,
  completedBytes: isPartial ? 0 : bytes,
  totalBytes: isPartial ? null : bytes,
  diskBytes,
  file,
  pid: null,
  startedAt: null,
  updatedAt: modifiedAt,
});
