// Files that a run is making, so that the next one removes what a killed one left of them. Not flushed
// one by one: a killed process loses none, and after a power cut the stores' own sweeps are enough.
import type { Drafts } from '../../core/draft.ts';
import { type Database, unflushed, type Write } from './database.ts';
import { onLedger } from './failure.ts';
import { text } from './rows.ts';

export const draftsOf = (database: Database, path: string, write: Write): Drafts => ({
  all: () => onLedger(path, () => readDrafts(database)),
  note: (draft) => write(() => writeDraft(database, draft)),
  drop: (draft) => write(() => dropDraft(database, draft)),
});

const readDrafts = (database: Database): readonly string[] =>
  database.all('SELECT path FROM drafts ORDER BY path').map((row) => text(row, 'path'));

const writeDraft = (database: Database, path: string): void =>
  unflushed(database, () => database.run('INSERT OR REPLACE INTO drafts (path) VALUES (?)', path));

const dropDraft = (database: Database, path: string): void =>
  unflushed(database, () => database.run('DELETE FROM drafts WHERE path = ?', path));
