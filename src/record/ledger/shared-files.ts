// The files that modelctl put into caches which other tools use too, so that it takes out again what
// is its own and nothing else.
import type { SharedFile, SharedFiles } from '../../core/shared-file.ts';
import type { Database, Row, Write } from './database.ts';
import { onLedger } from './failure.ts';
import { digest, text, whole } from './rows.ts';

export const sharedFilesOf = (database: Database, path: string, write: Write): SharedFiles => ({
  all: () => onLedger(path, () => readSharedFiles(database)),
  add: (file) => write(() => writeSharedFile(database, file)),
  drop: (file) => write(() => dropSharedFile(database, file)),
});

const readSharedFiles = (database: Database): readonly SharedFile[] =>
  database
    .all('SELECT * FROM shared_files ORDER BY cache, repository, revision, path')
    .map(toSharedFile);

const writeSharedFile = (database: Database, file: SharedFile): void =>
  database.write(() =>
    database.run(
      `INSERT OR REPLACE INTO shared_files (cache, repository, revision, path, digest, bytes, git_sha1)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      file.cache,
      file.repository,
      file.commit,
      file.path,
      file.digest,
      file.bytes,
      file.gitSha1 ?? null,
    ),
  );

const dropSharedFile = (database: Database, file: SharedFile): void =>
  database.write(() =>
    database.run(
      `DELETE FROM shared_files
       WHERE cache = ? AND repository = ? AND revision = ? AND path = ?`,
      file.cache,
      file.repository,
      file.commit,
      file.path,
    ),
  );

const toSharedFile = (row: Row): SharedFile => ({
  cache: text(row, 'cache'),
  repository: text(row, 'repository'),
  commit: text(row, 'revision'),
  path: text(row, 'path'),
  digest: digest(row, 'digest'),
  bytes: whole(row, 'bytes'),
  ...(row['git_sha1'] === null ? {} : { gitSha1: text(row, 'git_sha1') }),
});
