// What people ask of runs and loops, as rows. Whoever asks writes beside whoever holds the lock of
// this machine, so each step is one short transaction and touches nothing else.
import { isObject } from '../../core/json-object.ts';
import type { ReconcileAnswer, ReconcileAsk, RunningWatch, Suspension } from '../../core/wish.ts';
import type { Database, Row } from './database.ts';
import { damaged, orNull, parsed, processMark, text, whole } from './rows.ts';

export const readSuspensions = (database: Database): readonly Suspension[] =>
  database.all('SELECT * FROM suspensions ORDER BY set_id, model').map((row) => ({
    set: text(row, 'set_id'),
    model: text(row, 'model'),
    until: whole(row, 'until'),
    reason: text(row, 'reason'),
    who: text(row, 'who'),
    at: whole(row, 'at'),
  }));

/** Those that have ended go with it. */
export const writeSuspension = (database: Database, suspension: Suspension): void =>
  database.write(() => {
    const { set, model, until, reason, who, at } = suspension;
    database.run('DELETE FROM suspensions WHERE until <= ?', at);
    database.run(
      `INSERT OR REPLACE INTO suspensions (set_id, model, until, reason, who, at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      set,
      model,
      until,
      reason,
      who,
      at,
    );
  });

export const dropSuspension = (database: Database, set: string, model: string): boolean =>
  database.write(() => {
    const found = ['suspensions', 'contested'].filter(
      (table) =>
        database.all(`SELECT 1 FROM ${table} WHERE set_id = ? AND model = ?`, set, model).length >
        0,
    );
    for (const table of found) {
      database.run(`DELETE FROM ${table} WHERE set_id = ? AND model = ?`, set, model);
    }
    // Else what was counted against it would give it up again at once.
    database.run(
      'UPDATE history SET corrects = NULL WHERE corrects IS NOT NULL AND set_id = ? AND model = ?',
      set,
      model,
    );
    return found.length > 0;
  });

export const readWatches = (database: Database): readonly RunningWatch[] =>
  database.all('SELECT * FROM watches ORDER BY started_at, id').map((row) => ({
    id: text(row, 'id'),
    process: processMark(row, 'process'),
    inputs: texts(row, 'inputs'),
    startedAt: whole(row, 'started_at'),
  }));

export const writeWatch = (database: Database, watch: RunningWatch): void =>
  database.run(
    'INSERT OR REPLACE INTO watches (id, process, inputs, started_at) VALUES (?, ?, ?, ?)',
    watch.id,
    JSON.stringify(watch.process),
    JSON.stringify(watch.inputs),
    watch.startedAt,
  );

export const dropWatch = (database: Database, id: string): void =>
  database.write(() => {
    database.run('DELETE FROM watches WHERE id = ?', id);
    database.run('DELETE FROM asks WHERE watch = ?', id);
  });

/** Answers that nobody fetched, of a caller that went away, are kept for so long. */
const askAgeMsMax = 24 * 60 * 60 * 1000;

export const writeAsk = (database: Database, ask: ReconcileAsk): void =>
  database.write(() => {
    database.run('DELETE FROM asks WHERE at < ?', ask.at - askAgeMsMax);
    database.run(
      'INSERT INTO asks (id, watch, name, who, at, answer) VALUES (?, ?, ?, ?, ?, NULL)',
      ask.id,
      ask.watch,
      ask.name,
      ask.who,
      ask.at,
    );
  });

export const readAsks = (database: Database, openOf: string | null): readonly ReconcileAsk[] =>
  database
    .all(
      `SELECT * FROM asks WHERE ?1 IS NULL OR (watch = ?1 AND answer IS NULL) ORDER BY at, id`,
      openOf,
    )
    .map((row) => ({
      id: text(row, 'id'),
      watch: text(row, 'watch'),
      name: orNull(row, 'name', text),
      who: text(row, 'who'),
      at: whole(row, 'at'),
      answer: orNull(row, 'answer', answerIn),
    }));

export const writeAnswer = (database: Database, id: string, answer: ReconcileAnswer): void =>
  database.run('UPDATE asks SET answer = ? WHERE id = ?', JSON.stringify(answer), id);

export const dropAsk = (database: Database, id: string): void =>
  database.run('DELETE FROM asks WHERE id = ?', id);

const outcomes: readonly string[] = ['converged', 'held', 'failed', 'unknown'];

function answerIn(row: Row, column: string): ReconcileAnswer {
  const value = parsed(row, column);
  if (!isObject(value)) return damaged(column);
  const { outcome, exitCode, details } = value;
  if (typeof outcome !== 'string' || !outcomes.includes(outcome)) return damaged(column);
  if (typeof exitCode !== 'number' || !isTexts(details)) return damaged(column);
  return { outcome: outcome as ReconcileAnswer['outcome'], exitCode, details };
}

function texts(row: Row, column: string): readonly string[] {
  const value = parsed(row, column);
  return isTexts(value) ? value : damaged(column);
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
