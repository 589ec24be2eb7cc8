// What modelctl did, newest first.
import type { HistoryEntry } from '../../core/history.ts';
import type { Database, Row } from './database.ts';
import { digest, oneOf, orNull, text, whole } from './rows.ts';
import type { HistoryFilter } from './steps.ts';

/** A null matches everything. */
export const readHistory = (database: Database, filter: HistoryFilter): readonly HistoryEntry[] =>
  database
    .all(
      `SELECT * FROM history
       WHERE (?1 IS NULL OR set_id = ?1) AND (?2 IS NULL OR model = ?2)
         AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR at >= ?4)
       ORDER BY sequence DESC LIMIT ?5`,
      filter.set ?? null,
      filter.model ?? null,
      filter.name ?? null,
      filter.since ?? null,
      filter.limit,
    )
    .map(toHistoryEntry);

/** Of what ended already and is no action of a plan: nothing follows from such a row. */
export const writeHistory = (database: Database, entry: HistoryEntry): void =>
  database.run(
    `INSERT INTO history
     (at, open, set_id, host, backend, name, model, kind, reason, loses, replaced, outcome, digest,
      download_bytes, disk_bytes, duration_ms, problem_code)
     VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)`,
    entry.at,
    entry.set,
    entry.host,
    entry.backend,
    entry.name,
    entry.model,
    entry.kind,
    entry.reason,
    entry.replaced,
    entry.outcome,
    entry.digest,
    entry.downloadedBytes,
    entry.diskBytes,
    entry.durationMs,
    entry.problemCode,
  );

const toHistoryEntry = (row: Row): HistoryEntry => ({
  at: whole(row, 'at'),
  set: text(row, 'set_id'),
  host: text(row, 'host'),
  backend: text(row, 'backend'),
  name: text(row, 'name'),
  model: text(row, 'model'),
  kind: text(row, 'kind'),
  reason: text(row, 'reason'),
  outcome: text(row, 'outcome'),
  open: oneOf(row, 'open', [0, 1]) === 1,
  replaced: orNull(row, 'replaced', digest),
  digest: orNull(row, 'digest', digest),
  downloadedBytes: whole(row, 'download_bytes'),
  diskBytes: orNull(row, 'disk_bytes', whole),
  durationMs: whole(row, 'duration_ms'),
  problemCode: orNull(row, 'problem_code', text),
});
