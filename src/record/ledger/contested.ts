// What others undo: how often it was brought about again lately, and what was given up.

import type { DesiredPlacement } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import { type Corrections, correctionOf, placementOfSet } from '../../core/inventory.ts';
import { type PlacementKey, placementKey, placementOf } from '../../core/key.ts';
import type { Database, Row } from './database.ts';
import { digest, oneOf, text, whole } from './rows.ts';

/** A wanted placement that is given up, or no longer: see `Settlement`. */
export interface Contest {
  readonly key: PlacementKey;
  readonly model: DesiredPlacement['model'];
  /** Null: it is not given up any more. */
  readonly wanted: Digest | null;
}

export const readContested = (database: Database): ReadonlyMap<string, Digest> =>
  new Map(
    database
      .all('SELECT * FROM contested')
      .map((row) => [placementOfSet(text(row, 'set_id'), keyOfRow(row)), digest(row, 'wanted')]),
  );

export function readCorrections(
  database: Database,
  since: number,
): ReadonlyMap<string, Corrections> {
  const found = new Map<string, Corrections>();
  const rows = database.all(
    `SELECT set_id, host, backend, name, corrects, kind = 'load' AS is_load, COUNT(*) AS count
     FROM history
     WHERE at > ? AND corrects IS NOT NULL AND outcome IN ('pulled', 'created', 'loaded')
     GROUP BY set_id, host, backend, name, corrects, is_load`,
    since,
  );
  for (const row of rows) {
    const key = correctionOf(text(row, 'set_id'), keyOfRow(row), digest(row, 'corrects'));
    const known = found.get(key) ?? { builds: 0, loads: 0 };
    const isLoad = oneOf(row, 'is_load', [0, 1]) === 1;
    const count = whole(row, 'count');
    found.set(key, isLoad ? { ...known, loads: count } : { ...known, builds: count });
  }
  return found;
}

export function writeContest(
  database: Database,
  set: string,
  { key, model, wanted }: Contest,
): void {
  const { host, backend, name } = placementOf(key);
  if (wanted === null) {
    database.run(
      'DELETE FROM contested WHERE set_id = ? AND host = ? AND backend = ? AND name = ?',
      set,
      host,
      backend,
      name,
    );
    return;
  }
  database.run(
    `INSERT OR REPLACE INTO contested (set_id, host, backend, name, model, wanted)
     VALUES (?, ?, ?, ?, ?, ?)`,
    set,
    host,
    backend,
    name,
    model,
    wanted,
  );
}

const keyOfRow = (row: Row): PlacementKey =>
  placementKey({ host: text(row, 'host'), backend: text(row, 'backend'), name: text(row, 'name') });
