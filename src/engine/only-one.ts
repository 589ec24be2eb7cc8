// At most one engine per folder. The claim is a lock of the operating system, taken through
// SQLite: it goes with its process however that ends, so there is never a stale one to judge.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../io/error-code.ts';
import { engineFiles } from './protocol.ts';

/** An engine that is just being stopped still has the claim: its follower waits so long. */
const claimMsMax = 15_000;
const claimPauseMs = 50;

/**
 * True once this process is the folder's engine, until it ends; false when another one is, which
 * `isServed` tells, or when none lets go in time.
 */
export async function claimFolder(
  folder: string,
  isServed: () => Promise<boolean>,
): Promise<boolean> {
  const database = new DatabaseSync(join(folder, engineFiles.lock));
  const deadline = Date.now() + claimMsMax;
  for (;;) {
    if (takeLock(database)) {
      claims.push(database);
      return true;
    }
    if (Date.now() > deadline || (await isServed())) break;
    await sleep(claimPauseMs);
  }
  database.close();
  return false;
}

/** Kept reachable: a collected handle would let go of its lock. */
const claims: DatabaseSync[] = [];

function takeLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (errorCode(error) === 'ERR_SQLITE_ERROR' && isBusy(error)) return false;
    throw error;
  }
}

/** SQLITE_BUSY, see https://www.sqlite.org/rescode.html. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === 5;
