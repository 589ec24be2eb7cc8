// What a run does to its databases, made visible: SQLite writes at once and without asking a port,
// so the class that opens databases is replaced by one that tells the life it belongs to. Each
// commit is an effect; a death rolls back what was open and drops every lock, as the system does.
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Life } from './life.ts';

export interface SqliteOwner {
  /** Null until the life exists that these databases belong to. */
  life: Pick<Life, 'effectNow'> | null;
  readonly open: Set<DatabaseSync>;
}

export const createSqliteOwner = (): SqliteOwner => ({ life: null, open: new Set() });

/** To whom the databases belong that are opened from now on. */
export function ownDatabases(owner: SqliteOwner | null): void {
  current = owner;
}

/** Closes what a dead run left open. */
export function closeDatabases(owner: SqliteOwner): void {
  for (const database of owner.open) database.close();
}

let current: SqliteOwner | null = null;

const builtin = process.getBuiltinModule('node:sqlite') as { DatabaseSync: typeof DatabaseSync };
builtin.DatabaseSync = watched(builtin.DatabaseSync);
syncBuiltinESMExports();
// Whoever imported it before has the other class, and nothing of what that does would be seen.
if ((await import('node:sqlite')).DatabaseSync !== builtin.DatabaseSync) {
  throw new Error('node:sqlite was imported before test/sim/sqlite.ts: import that first');
}

function watched(Real: typeof DatabaseSync): typeof DatabaseSync {
  return class WatchedDatabase extends Real {
    #owner: SqliteOwner | null;
    /** Something was written in the transaction that is open. */
    #dirty = false;

    constructor(...given: ConstructorParameters<typeof DatabaseSync>) {
      super(...given);
      // What is in memory only is gone with the process, and nobody else sees it.
      this.#owner = given[0] === ':memory:' ? null : current;
      this.#owner?.open.add(this);
    }

    override exec(sql: string): void {
      this.#step(sql, () => super.exec(sql));
    }

    override prepare(sql: string): StatementSync {
      const statement = super.prepare(sql);
      if (isRead(sql)) return statement;
      const run = statement.run.bind(statement) as (...values: readonly unknown[]) => never;
      const step = (...values: readonly unknown[]) => this.#step(sql, () => run(...values));
      statement.run = step;
      return statement;
    }

    override close(): void {
      this.#owner?.open.delete(this);
      // Node keeps some closed databases for good; they must not keep a whole world with them.
      this.#owner = null;
      if (this.isOpen) super.close();
    }

    #step<T>(sql: string, act: () => T): T {
      const kind = kindOf(sql);
      const commits = kind === 'end' ? this.#dirty : kind === 'write' && !this.isTransaction;
      if (kind === 'write' && !commits) this.#dirty = true;
      if (kind === 'end') this.#dirty = false;
      const life = this.#owner?.life ?? null;
      return commits && life !== null ? life.effectNow(`commit (${firstWords(sql)})`, act) : act();
    }
  };
}

function kindOf(sql: string): 'end' | 'write' | 'other' {
  if (/^\s*COMMIT/i.test(sql)) return 'end';
  return /^\s*(?:BEGIN|ROLLBACK|PRAGMA|SELECT)/i.test(sql) ? 'other' : 'write';
}

const isRead = (sql: string): boolean => /^\s*(?:SELECT|PRAGMA)/i.test(sql);

const firstWords = (sql: string): string => sql.trim().split(/\s+/).slice(0, 3).join(' ');
