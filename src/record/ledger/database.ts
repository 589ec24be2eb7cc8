// The few things that every use of the database needs: statements prepared once, and steps that
// happen wholly or not at all.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

export type Row = Readonly<Record<string, unknown>>;

export interface Database {
  readonly all: (sql: string, ...values: SQLInputValue[]) => readonly Row[];
  readonly run: (sql: string, ...values: SQLInputValue[]) => void;
  /** One transaction. Takes the write lock first, so that nothing read inside is stale. */
  readonly write: <T>(work: () => T) => T;
  /** The same for work that waits for a disk: others that write wait for it, so it must be short. */
  readonly writeWhile: <T>(work: () => Promise<T>) => Promise<T>;
  /** All that is read inside is of one moment. */
  readonly snapshot: <T>(work: () => T) => T;
  readonly close: () => void;
}

/** Writes, where the ledger may be written; else throws ProblemError. */
export type Write = <T>(work: () => T) => T;

export function databaseOf(raw: DatabaseSync): Database {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql) ?? raw.prepare(sql);
    prepared.set(sql, known);
    return known;
  };
  const run: Database['run'] = (sql, ...values) => {
    statement(sql).run(...values);
  };
  const transaction = <T>(begin: string, work: () => T): T => {
    if (raw.isTransaction) return work();
    run(begin);
    try {
      const result = work();
      run('COMMIT');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (raw.isTransaction) run('ROLLBACK');
      throw error;
    }
  };
  return {
    all: (sql, ...values) => statement(sql).all(...values),
    run,
    write: (work) => transaction('BEGIN IMMEDIATE', work),
    writeWhile: async (work) => {
      run('BEGIN IMMEDIATE');
      try {
        const result = await work();
        run('COMMIT');
        return result;
      } catch (error) {
        if (raw.isTransaction) run('ROLLBACK');
        throw error;
      }
    },
    snapshot: (work) => transaction('BEGIN', work),
    close: () => raw.close(),
  };
}

/** A transaction that a killed process does not lose, and a power cut may. */
export function unflushed<T>(database: Database, work: () => T): T {
  database.run('PRAGMA synchronous = NORMAL');
  try {
    return database.write(work);
  } finally {
    database.run('PRAGMA synchronous = FULL');
  }
}
