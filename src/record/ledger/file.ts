// Opening the ledger's file, whatever state it is in. A file that is damaged, newer than this
// program or not ours to write is left byte for byte as it is. Opening a current one for writing
// writes nothing either.
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Problem, ProblemError } from '../../core/problem.ts';
import type { Files, Io } from '../../io/io.ts';
import {
  DamagedRowError,
  ledgerProblem,
  newerLedger,
  olderLedger,
  sqlite,
  sqliteCode,
} from './failure.ts';
import { migrate, versionOf } from './schema.ts';

export interface OpenOptions {
  /** Absolute; `:memory:` for a ledger that lives as long as it is open. */
  readonly path: string;
  /**
   * `read` makes nothing: where there is no ledger, it reads as an empty one. `beside` neither, and
   * writes to one that is up to date only: that needs no process lock.
   */
  readonly mode: 'read' | 'beside' | 'write';
  /** The steps of schema.ts; tests bring others. */
  readonly migrations: readonly string[];
}

export interface OpenedFile {
  readonly raw: DatabaseSync;
  /** Why it can be read but not written; null when it can. */
  readonly problem: Problem | null;
}

type Sqlite = typeof import('node:sqlite').DatabaseSync;

/** Another writer holds the lock for one short transaction; longer waits are somebody's fault. */
const busyTimeoutMs = 5_000;

/** Throws node's and SQLite's own errors, DamagedRowError and ProblemError: see failure.ts. */
export async function openFile(
  options: OpenOptions,
  io: Pick<Io, 'files' | 'random'>,
): Promise<OpenedFile> {
  const { DatabaseSync: Sqlite } = await import('node:sqlite');
  const { path, mode, migrations } = options;
  if (path === ':memory:') return { raw: openEmpty(Sqlite, migrations), problem: null };
  if ((await io.files.stat(path)) === null) {
    if (mode !== 'write') return { raw: openEmpty(Sqlite, migrations), problem: null };
    await create(Sqlite, options, io);
  }
  try {
    return openExisting(Sqlite, options);
  } catch (error) {
    const problem = ledgerProblem(error, path);
    // Reading takes two small files beside the ledger; where those cannot be made, nobody writes.
    const closed = sqliteCode(error) === sqlite.cannotOpen || sqliteCode(error) === sqlite.readOnly;
    if (problem === null || !closed || !(await isSettled(path, io.files))) throw error;
    const raw = openFrozen(Sqlite, options);
    if (raw === null) throw error;
    return { raw, problem };
  }
}

/** What stands in for a ledger that is not there or cannot be used. */
export async function openStandIn(migrations: readonly string[]): Promise<DatabaseSync> {
  const { DatabaseSync: Sqlite } = await import('node:sqlite');
  return openEmpty(Sqlite, migrations);
}

function openEmpty(Sqlite: Sqlite, migrations: readonly string[]): DatabaseSync {
  const raw = new Sqlite(':memory:');
  migrate(raw, migrations);
  return raw;
}

const draftPrefix = '.modelctl-ledger-';

/**
 * Made whole beside its place and then moved there, so that a ledger is never seen half-made and
 * an empty file is always damage. Called under the process lock: nobody else makes one meanwhile.
 */
async function create(
  Sqlite: Sqlite,
  { path, migrations }: OpenOptions,
  { files, random }: Pick<Io, 'files' | 'random'>,
): Promise<void> {
  const folder = dirname(path);
  await files.makeFolder(folder);
  for (const { name } of await files.list(folder)) {
    // Of a run that was killed here, with what SQLite put beside it.
    if (name.startsWith(draftPrefix)) await files.remove(join(folder, name));
  }
  const draft = join(folder, `${draftPrefix}${random.hex(6)}.tmp`);
  const raw = new Sqlite(draft);
  try {
    raw.exec('PRAGMA journal_mode = WAL');
    raw.exec('PRAGMA synchronous = FULL');
    raw.exec('BEGIN');
    migrate(raw, migrations);
    raw.exec('COMMIT');
  } finally {
    // The last one to close moves everything into the one file.
    raw.close();
  }
  await files.rename(draft, path);
}

function openExisting(Sqlite: Sqlite, { path, mode, migrations }: OpenOptions): OpenedFile {
  const raw = new Sqlite(path, { timeout: busyTimeoutMs });
  try {
    const version = checkVersion(raw, path, migrations);
    const isOlder = version < migrations.length;
    const problem =
      mode === 'beside' && isOlder ? olderLedger(path) : writeProblem(raw, path, version);
    raw.exec('PRAGMA synchronous = FULL');
    if (isOlder) bringUpToDate(raw, mode, migrations);
    if (mode === 'read') raw.exec('PRAGMA query_only = 1');
    checkPages(raw);
    return { raw, problem };
  } catch (error) {
    raw.close();
    throw error;
  }
}

function checkVersion(raw: DatabaseSync, path: string, migrations: readonly string[]): number {
  const version = versionOf(raw);
  if (version > migrations.length) {
    throw new ProblemError(newerLedger(path, version, migrations.length));
  }
  if (version < 1) throw new DamagedRowError('it holds nothing that modelctl wrote');
  return version;
}

/**
 * Begins to write and thinks better of it: SQLite opens what it may not write, too, and says so
 * only then. Nothing reaches the disk.
 */
function writeProblem(raw: DatabaseSync, path: string, version: number): Problem | null {
  raw.exec('PRAGMA busy_timeout = 0');
  try {
    raw.exec('BEGIN IMMEDIATE');
    raw.exec(`PRAGMA user_version = ${version}`);
    return null;
  } catch (error) {
    if (sqliteCode(error) === sqlite.busy) return null;
    if (sqliteCode(error) === sqlite.readOnly) return ledgerProblem(error, path);
    throw error;
  } finally {
    if (raw.isTransaction) raw.exec('ROLLBACK');
    raw.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  }
}

/** All but the holder of the process lock take the steps in a transaction that ends with it, unfinished: the file stays. */
function bringUpToDate(
  raw: DatabaseSync,
  mode: OpenOptions['mode'],
  migrations: readonly string[],
): void {
  raw.exec('BEGIN IMMEDIATE');
  migrate(raw, migrations);
  if (mode === 'write') raw.exec('COMMIT');
}

function checkPages(raw: DatabaseSync): void {
  const found = raw.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found !== 'ok') throw new DamagedRowError(String(found));
}

/** True when everything ever committed is in the ledger's own file. */
async function isSettled(path: string, files: Files): Promise<boolean> {
  const journal = await files.stat(`${path}-wal`);
  return journal === null || journal.bytes === 0;
}

/** As it lies on the disk, without any of SQLite's own files; null when it is an older one. */
function openFrozen(Sqlite: Sqlite, { path, migrations }: OpenOptions): DatabaseSync | null {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  const raw = new Sqlite(url, { readOnly: true });
  try {
    const current = checkVersion(raw, path, migrations) === migrations.length;
    if (current) checkPages(raw);
    else raw.close();
    return current ? raw : null;
  } catch (error) {
    raw.close();
    throw error;
  }
}
