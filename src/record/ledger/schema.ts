// The ledger's tables, as a list of steps: a ledger of version n has seen the first n of them.
// Steps are only ever added; one that has been released is never edited.
import type { DatabaseSync } from 'node:sqlite';

/**
 * Keys repeat (set, host, backend, name) rather than refer to one another: each row says on its
 * own what it is about, to a person with the sqlite3 shell too. `history` is also the list of
 * intents: a row is written when an action begins (`open`), as `unknown`, and completed when it
 * ends, so whatever a crash leaves open reads as what it is.
 */
const firstStep = `
  CREATE TABLE sets (
    id TEXT PRIMARY KEY,
    location TEXT NOT NULL,
    engine TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE backends (
    host TEXT NOT NULL,
    id TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (host, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE inventory (
    set_id TEXT NOT NULL,
    host TEXT NOT NULL,
    backend TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    role TEXT NOT NULL,
    digest TEXT,
    made TEXT,
    adopted INTEGER NOT NULL,
    residency TEXT NOT NULL,
    prune TEXT NOT NULL,
    base TEXT,
    PRIMARY KEY (set_id, host, backend, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE made (
    host TEXT NOT NULL,
    backend TEXT NOT NULL,
    digest TEXT NOT NULL,
    made TEXT NOT NULL,
    PRIMARY KEY (host, backend, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE details (
    host TEXT NOT NULL,
    backend TEXT NOT NULL,
    digest TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (host, backend, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE approvals (
    host TEXT NOT NULL,
    backend TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (host, backend, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE history (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    open INTEGER NOT NULL,
    set_id TEXT NOT NULL,
    host TEXT NOT NULL,
    backend TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    loses INTEGER NOT NULL,
    replaced TEXT,
    outcome TEXT NOT NULL,
    digest TEXT,
    download_bytes INTEGER NOT NULL,
    disk_bytes INTEGER,
    duration_ms INTEGER NOT NULL,
    problem_code TEXT
  ) STRICT;
  CREATE INDEX history_open ON history (set_id, host, backend, name) WHERE open = 1;
  CREATE INDEX history_losses ON history (at) WHERE loses = 1;
`;

/** What moving bytes remembers: files that have not arrived in full, and checksums of those that have. */
const transfersStep = `
  CREATE TABLE transfers (
    digest TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    model TEXT,
    name TEXT,
    partial TEXT NOT NULL,
    validator TEXT,
    written TEXT NOT NULL,
    durable TEXT NOT NULL,
    boot TEXT,
    process TEXT,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    wish TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE checksums (
    digest TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    chunk_bytes INTEGER NOT NULL,
    chunks TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** What modelctl put into caches that other tools use too. */
const sharedFilesStep = `
  CREATE TABLE shared_files (
    cache TEXT NOT NULL,
    repository TEXT NOT NULL,
    revision TEXT NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (cache, repository, revision, path)
  ) STRICT, WITHOUT ROWID;
`;

/** Files that were hashed and found right, and how they looked then. */
const verifiedStep = `
  CREATE TABLE verified (
    path TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL,
    modified_at REAL NOT NULL,
    inode TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** Files that are being made, by the name that they have meanwhile. */
const draftsStep = `
  CREATE TABLE drafts (
    path TEXT PRIMARY KEY
  ) STRICT, WITHOUT ROWID;
`;

/**
 * For a loop that keeps running: what was so already, what was corrected and what was given up, and
 * what people ask of it. `settled` and `corrects` are hashes of what was wanted.
 */
const watchStep = `
  ALTER TABLE inventory ADD COLUMN settled TEXT;
  ALTER TABLE history ADD COLUMN corrects TEXT;
  CREATE INDEX history_corrections ON history (at) WHERE corrects IS NOT NULL;
  CREATE TABLE contested (
    set_id TEXT NOT NULL,
    host TEXT NOT NULL,
    backend TEXT NOT NULL,
    name TEXT NOT NULL,
    model TEXT NOT NULL,
    wanted TEXT NOT NULL,
    PRIMARY KEY (set_id, host, backend, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE suspensions (
    set_id TEXT NOT NULL,
    model TEXT NOT NULL,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (set_id, model)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE watches (
    id TEXT PRIMARY KEY,
    process TEXT NOT NULL,
    inputs TEXT NOT NULL,
    started_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE asks (
    id TEXT PRIMARY KEY,
    watch TEXT NOT NULL,
    name TEXT,
    who TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT
  ) STRICT, WITHOUT ROWID;
`;

/** Small files of the Hub are named by their object id in Git. */
const sharedNamesStep = `
  ALTER TABLE shared_files ADD COLUMN git_sha1 TEXT;
`;

export const migrations: readonly string[] = [
  firstStep,
  transfersStep,
  sharedFilesStep,
  verifiedStep,
  draftsStep,
  watchStep,
  sharedNamesStep,
];

/** 0 for a database without any tables of ours. */
export function versionOf(database: DatabaseSync): number {
  const row = database.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version']);
}

/** Takes the missing steps; the caller's transaction makes them all or none. */
export function migrate(database: DatabaseSync, steps: readonly string[]): void {
  for (const step of steps.slice(versionOf(database))) database.exec(step);
  // A pragma takes no bound values; the number is ours.
  database.exec(`PRAGMA user_version = ${steps.length}`);
}
