// Which files were hashed and found right, by path, and how they looked then: what lets a quick look
// pass over those that nobody touched since.
import type { VerifiedFile } from '../../core/verification.ts';
import type { Database } from './database.ts';
import { damaged, digest, text, whole } from './rows.ts';

export function readVerified(database: Database, path: string): VerifiedFile | null {
  const [row] = database.all('SELECT * FROM verified WHERE path = ?', path);
  if (row === undefined) return null;
  const modifiedAt = row['modified_at'];
  return {
    path: text(row, 'path'),
    bytes: whole(row, 'bytes'),
    modifiedAt: typeof modifiedAt === 'number' ? modifiedAt : damaged('modified_at'),
    inode: text(row, 'inode'),
    digest: digest(row, 'digest'),
    at: whole(row, 'at'),
  };
}

export const writeVerified = (database: Database, files: readonly VerifiedFile[]): void =>
  database.write(() => {
    for (const { path, bytes, modifiedAt, inode, digest: found, at } of files) {
      database.run(
        `INSERT OR REPLACE INTO verified (path, bytes, modified_at, inode, digest, at)
         VALUES (?, ?, ?, ?, ?, ?)`,
        path,
        bytes,
        modifiedAt,
        inode,
        found,
        at,
      );
    }
  });

export const forgetVerified = (database: Database, paths: readonly string[]): void =>
  database.write(() => {
    for (const path of paths) database.run('DELETE FROM verified WHERE path = ?', path);
  });
