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
