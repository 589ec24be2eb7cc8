// Everything the ledger knows about now, read in one go and checked row by row: ownership, engines
// and what digests mean. History stays in the database; see history.ts.
import type { BackendReference } from '../../core/backend-reference.ts';
import type { Digest } from '../../core/digest.ts';
import { type InventoryEntry, type LedgerView, modelOfSet } from '../../core/inventory.ts';
import { backendKey, type Placement, type PlacementKey, placementKey } from '../../core/key.ts';
import type { Made } from '../../core/made.ts';
import type { Details } from '../../core/observed.ts';
import type { Suspension } from '../../core/wish.ts';
import { readContested, readCorrections } from './contested.ts';
import type { Database, Row } from './database.ts';
import { details, digest, made, orNull, reference, text, toEntry } from './rows.ts';
import type { SetRecord } from './steps.ts';
import { readSuspensions } from './wishes.ts';

export interface LedgerState {
  readonly sets: ReadonlyMap<string, SetRecord>;
  readonly backends: ReadonlyMap<string, BackendReference>;
  readonly inventory: readonly InventoryEntry[];
  readonly made: ReadonlyMap<string, ReadonlyMap<Digest, Made>>;
  readonly details: ReadonlyMap<string, ReadonlyMap<Digest, Details>>;
  readonly interrupted: ReadonlySet<PlacementKey>;
  /** The same, by set and key: an intent is ended only by the set that opened it. */
  readonly intents: ReadonlySet<string>;
  readonly approved: ReadonlySet<PlacementKey>;
  readonly suspensions: readonly Suspension[];
  readonly contested: ReadonlyMap<string, Digest>;
}

export const intentOf = (set: string, key: PlacementKey): string => `${set} ${key}`;

export const readState = (database: Database): LedgerState =>
  database.snapshot(() => ({
    sets: new Map(database.all('SELECT * FROM sets').map(toSet)),
    backends: new Map(
      database.all('SELECT reference FROM backends ORDER BY host, id').map((row) => {
        const backend = reference(row, 'reference');
        return [backendKey({ host: backend.host, backend: backend.id }), backend] as const;
      }),
    ),
    inventory: database
      .all('SELECT * FROM inventory ORDER BY set_id, host, backend, name')
      .map(toEntry),
    made: byBackend(database.all('SELECT * FROM made'), (row) => made(row, 'made')),
    details: byBackend(database.all('SELECT * FROM details'), (row) => details(row, 'details')),
    interrupted: placements(database.all('SELECT * FROM history WHERE open = 1')),
    intents: new Set(
      database
        .all('SELECT * FROM history WHERE open = 1')
        .map((row) => intentOf(text(row, 'set_id'), keyOfRow(row))),
    ),
    approved: placements(database.all('SELECT * FROM approvals')),
    suspensions: readSuspensions(database),
    contested: readContested(database),
  }));

export function viewOf(
  database: Database,
  state: LedgerState,
  mode: LedgerView['mode'],
  now: number,
): LedgerView {
  const { sets: _, backends: __, intents: ___, suspensions, ...known } = state;
  const open = suspensions.filter(({ until }) => until > now);
  return {
    ...known,
    mode,
    suspended: new Map(open.map((one) => [modelOfSet(one.set, one.model), one])),
    corrections: readCorrections(database, now - correctionWindowMs),
    recentEvictions: lossesSince(database, now - lossWindowMs),
  };
}

const correctionWindowMs = 60 * 60 * 1000;

const lossWindowMs = 24 * 60 * 60 * 1000;

/**
 * Models per backend that were evicted or whose weights were overwritten; those that may have
 * been, because a run was cut off there, count too.
 */
function lossesSince(database: Database, since: number): LedgerView['recentEvictions'] {
  const losses = new Map<string, Set<string>>();
  const rows = database.all(
    `SELECT DISTINCT host, backend, set_id, model FROM history
     WHERE at > ? AND loses = 1 AND outcome IN ('evicted', 'pulled', 'created', 'unknown')`,
    since,
  );
  for (const row of rows) {
    const key = backendKey(placementOfRow(row));
    const ofBackend = losses.get(key) ?? new Set<string>();
    losses.set(key, ofBackend.add(modelOfSet(text(row, 'set_id'), text(row, 'model'))));
  }
  return losses;
}

const toSet = (row: Row): readonly [string, SetRecord] => [
  text(row, 'id'),
  { location: text(row, 'location'), engine: orNull(row, 'engine', reference) },
];

const placementOfRow = (row: Row): Pick<Placement, 'host' | 'backend'> => ({
  host: text(row, 'host'),
  backend: text(row, 'backend'),
});

const placements = (rows: readonly Row[]): ReadonlySet<PlacementKey> => new Set(rows.map(keyOfRow));

const keyOfRow = (row: Row): PlacementKey =>
  placementKey({ ...placementOfRow(row), name: text(row, 'name') });

function byBackend<T>(
  rows: readonly Row[],
  read: (row: Row) => T,
): ReadonlyMap<string, ReadonlyMap<Digest, T>> {
  const byKey = new Map<string, Map<Digest, T>>();
  for (const row of rows) {
    const key = backendKey(placementOfRow(row));
    const ofBackend = byKey.get(key) ?? new Map<Digest, T>();
    byKey.set(key, ofBackend.set(digest(row, 'digest'), read(row)));
  }
  return byKey;
}
