// The part of the ledger that moving bytes writes to, and often: such a commit is not flushed to the
// disk by itself. A power cut then takes the last of them back, which costs bytes and no more.

import type { Digest } from '../../core/digest.ts';
import type { Spans } from '../../core/span.ts';
import type {
  Checksums,
  ProcessMark,
  TransferWish,
  UnfinishedTransfer,
} from '../../core/transfer.ts';
import { type Database, type Row, unflushed } from './database.ts';
import {
  damaged,
  digest,
  isWhole,
  oneOf,
  orNull,
  parsed,
  processMark,
  text,
  whole,
} from './rows.ts';

export const readTransfers = (database: Database): readonly UnfinishedTransfer[] =>
  database.all('SELECT * FROM transfers ORDER BY started_at, digest').map(toTransfer);

export function readTransfer(database: Database, key: Digest): UnfinishedTransfer | null {
  const [row] = database.all('SELECT * FROM transfers WHERE digest = ?', key);
  return row === undefined ? null : toTransfer(row);
}

export const writeTransfer = (
  database: Database,
  transfer: UnfinishedTransfer,
): TransferWish | null =>
  unflushed(database, () => {
    const [row] = database.all(
      'SELECT wish FROM transfers WHERE digest = ? AND wish IS NOT NULL',
      transfer.digest,
    );
    database.run(
      `INSERT OR REPLACE INTO transfers
       (digest, bytes, source, path, model, name, partial, validator, written, durable, boot,
        process, started_at, updated_at, wish)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`,
      transfer.digest,
      transfer.bytes,
      transfer.source,
      transfer.path,
      transfer.wantedBy?.model ?? null,
      transfer.wantedBy?.name ?? null,
      transfer.partial,
      transfer.validator,
      JSON.stringify(transfer.written),
      JSON.stringify(transfer.durable),
      transfer.boot,
      transfer.process === null ? null : JSON.stringify(transfer.process),
      transfer.startedAt,
      transfer.updatedAt,
    );
    return row === undefined ? null : wish(row);
  });

export function forgetTransfer(database: Database, key: Digest): void {
  if (readTransfer(database, key) === null) return;
  unflushed(database, () => database.run('DELETE FROM transfers WHERE digest = ?', key));
}

/** What is known of a transfer, taken over by a process: see TransferJournal. */
export const takeTransfer = (
  database: Database,
  key: Digest,
  process: ProcessMark,
): UnfinishedTransfer | null =>
  unflushed(database, () => {
    database.run(
      'UPDATE transfers SET process = ?, wish = NULL WHERE digest = ?',
      JSON.stringify(process),
      key,
    );
    return readTransfer(database, key);
  });

export const isAsked = (database: Database, key: Digest): boolean =>
  database.all('SELECT 1 FROM transfers WHERE digest = ? AND wish IS NOT NULL', key).length > 0;

/**
 * Removes what is left of a transfer, its file included, unless `isFree` says that somebody works
 * on it. Nobody can begin to meanwhile: whoever wants to waits for this transaction.
 */
export const dropTransfer = (
  database: Database,
  key: Digest,
  { isFree, remove }: DropSteps,
): Promise<boolean> =>
  database.writeWhile(async () => {
    const known = readTransfer(database, key);
    if (known !== null && !(await isFree(known))) return false;
    await remove();
    database.run('DELETE FROM transfers WHERE digest = ?', key);
    return true;
  });

export interface DropSteps {
  readonly isFree: (transfer: UnfinishedTransfer) => Promise<boolean>;
  /** Takes away the file. */
  readonly remove: () => Promise<void>;
}

/** False when there is no such transfer (any more). */
export const writeWish = (database: Database, key: Digest, asked: TransferWish): boolean =>
  database.write(() => {
    if (readTransfer(database, key) === null) return false;
    database.run('UPDATE transfers SET wish = ? WHERE digest = ?', asked, key);
    return true;
  });

export const writeChecksums = (database: Database, key: Digest, checksums: Checksums): void =>
  unflushed(database, () =>
    database.run(
      `INSERT OR REPLACE INTO checksums (digest, bytes, chunk_bytes, chunks) VALUES (?, ?, ?, ?)`,
      key,
      checksums.bytes,
      checksums.chunkBytes,
      JSON.stringify(checksums.chunks),
    ),
  );

export function readChecksums(database: Database, key: Digest): Checksums | null {
  const [row] = database.all('SELECT * FROM checksums WHERE digest = ?', key);
  if (row === undefined) return null;
  const chunks = list(row, 'chunks');
  if (!chunks.every((one) => isWhole(one))) return damaged('chunks');
  return { bytes: whole(row, 'bytes'), chunkBytes: whole(row, 'chunk_bytes'), chunks };
}

const toTransfer = (row: Row): UnfinishedTransfer => ({
  digest: digest(row, 'digest'),
  bytes: whole(row, 'bytes'),
  source: text(row, 'source'),
  path: text(row, 'path'),
  wantedBy: row['model'] === null ? null : { model: text(row, 'model'), name: text(row, 'name') },
  partial: text(row, 'partial'),
  validator: orNull(row, 'validator', text),
  written: spans(row, 'written'),
  durable: spans(row, 'durable'),
  boot: orNull(row, 'boot', text),
  process: orNull(row, 'process', processMark),
  startedAt: whole(row, 'started_at'),
  updatedAt: whole(row, 'updated_at'),
});

const wish = (row: Row): TransferWish => oneOf(row, 'wish', ['stop', 'drop']);

/** Sorted and apart, as all who use them take for granted. */
function spans(row: Row, column: string): Spans {
  let before = -1;
  return list(row, column).map((item) => {
    const [start, end, ...more] = Array.isArray(item) ? (item as unknown[]) : [];
    if (!isWhole(start) || !isWhole(end) || more.length > 0) return damaged(column);
    if (start <= before || end <= start) return damaged(column);
    before = end;
    return [start, end];
  });
}

function list(row: Row, column: string): readonly unknown[] {
  const value = parsed(row, column);
  return Array.isArray(value) ? value : damaged(column);
}
