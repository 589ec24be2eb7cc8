// One statement each: what the steps in write.ts put into the tables and take out of them. Always
// inside the transaction of a step.
import type { BackendReference } from '../../core/backend-reference.ts';
import { canonicalJson } from '../../core/canonical.ts';
import type { Digest } from '../../core/digest.ts';
import type { InventoryEntry } from '../../core/inventory.ts';
import type { Placement } from '../../core/key.ts';
import type { Made } from '../../core/made.ts';
import type { Details } from '../../core/observed.ts';
import type { Database } from './database.ts';
import { fromEntry } from './rows.ts';

export const putEntry = (database: Database, entry: InventoryEntry): void =>
  database.run(
    `INSERT OR REPLACE INTO inventory
     (set_id, host, backend, name, model, role, digest, made, adopted, residency, prune, base, settled)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...fromEntry(entry),
  );

export const dropEntry = (database: Database, set: string, at: Placement): void =>
  database.run(
    'DELETE FROM inventory WHERE set_id = ? AND host = ? AND backend = ? AND name = ?',
    set,
    at.host,
    at.backend,
    at.name,
  );

/** Of a set and a name, which are its parameters. */
export const lastIntent = `(
  SELECT MAX(sequence) FROM history
  WHERE open = 1 AND set_id = ? AND host = ? AND backend = ? AND name = ?)`;

export const endIntents = (database: Database, set: string, at: Placement): void =>
  database.run(
    `UPDATE history SET open = 0
     WHERE open = 1 AND set_id = ? AND host = ? AND backend = ? AND name = ?`,
    set,
    at.host,
    at.backend,
    at.name,
  );

/** All but the last, so that a name in doubt has one row however often it is tried. */
export const endOlderIntents = (database: Database, set: string, at: Placement): void => {
  const parameters = [set, at.host, at.backend, at.name];
  database.run(
    `UPDATE history SET open = 0
     WHERE open = 1 AND set_id = ? AND host = ? AND backend = ? AND name = ?
       AND sequence < ${lastIntent}`,
    ...parameters,
    ...parameters,
  );
};

export const putBackend = (database: Database, backend: BackendReference): void =>
  database.run(
    'INSERT OR REPLACE INTO backends (host, id, reference) VALUES (?, ?, ?)',
    backend.host,
    backend.id,
    canonicalJson(backend),
  );

type OnBackend = Pick<Placement, 'host' | 'backend'>;

export const putMade = (database: Database, at: OnBackend, digest: Digest, made: Made): void =>
  database.run(
    'INSERT OR REPLACE INTO made (host, backend, digest, made) VALUES (?, ?, ?, ?)',
    at.host,
    at.backend,
    digest,
    canonicalJson(made),
  );

export const putDetails = (
  database: Database,
  at: OnBackend,
  digest: Digest,
  details: Details,
): void =>
  database.run(
    'INSERT OR REPLACE INTO details (host, backend, digest, details) VALUES (?, ?, ?, ?)',
    at.host,
    at.backend,
    digest,
    canonicalJson(details),
  );

export const dropApproval = (database: Database, at: Placement): void =>
  database.run(
    'DELETE FROM approvals WHERE host = ? AND backend = ? AND name = ?',
    at.host,
    at.backend,
    at.name,
  );

/** An approval is about what is there; it must not outlive it and meet something else. */
export const dropUnownedApproval = (database: Database, at: Placement): void =>
  database.run(
    `DELETE FROM approvals WHERE host = ?1 AND backend = ?2 AND name = ?3 AND NOT EXISTS
     (SELECT 1 FROM inventory WHERE host = ?1 AND backend = ?2 AND name = ?3)`,
    at.host,
    at.backend,
    at.name,
  );
