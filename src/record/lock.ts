// One reconciler at a time per ledger. The lock is SQLite's exclusive lock on an empty file of its
// own: the system takes it back with the process, however that ends, so there is nothing stale to
// break. What is written beside it says who holds it, to people only.
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Checked, checked, errorProblem, type Problem, refused } from '../core/problem.ts';
import { errorCode } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import { sqlite, sqliteCode } from './ledger/failure.ts';

export interface LockHolder {
  readonly pid: number;
  /** As a person would type it, without secrets: `modelctl apply -f models.yaml`. */
  readonly command: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface LockRequest {
  /** Absolute. Nothing but SQLite may open it: closing another handle would drop the lock. */
  readonly path: string;
  /** How long to wait for another holder; 0: ask once. */
  readonly timeoutMs: number;
  readonly holder: LockHolder;
}

export interface Lock {
  /** May be called more than once. */
  readonly release: () => Promise<void>;
}

type LockIo = Pick<Io, 'files' | 'clock' | 'processes'>;

/** How long a waiting process sleeps between two tries. */
const pollMs = 200;

/**
 * The lock, or the problem `record/locked` naming its holder. Aborting while it waits rejects with
 * the signal's reason.
 */
export async function acquireLock(
  { path, timeoutMs, holder }: LockRequest,
  io: LockIo,
  signal: AbortSignal,
): Promise<Checked<Lock>> {
  const deadline = io.clock.now() + timeoutMs;
  try {
    await io.files.makeFolder(dirname(path));
    for (;;) {
      signal.throwIfAborted();
      const database = await tryLock(path);
      if (database !== null) return checked(await hold(database, path, holder, io));
      const leftMs = deadline - io.clock.now();
      if (leftMs <= 0) return refused(await lockedProblem(path, io));
      await io.clock.sleep(Math.min(pollMs, leftMs), signal);
    }
  } catch (error) {
    if (signal.aborted || errorCode(error) === undefined) throw error;
    return refused(unusableProblem(path, error));
  }
}

/** Null when another process, or this one, holds it. */
async function tryLock(path: string): Promise<DatabaseSync | null> {
  const { DatabaseSync: Sqlite } = await import('node:sqlite');
  // SQLite's own waiting would block the whole process.
  const database = new Sqlite(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (sqliteCode(error) === sqlite.busy) return null;
    throw error;
  }
}

async function hold(
  database: DatabaseSync,
  path: string,
  holder: LockHolder,
  { files }: LockIo,
): Promise<Lock> {
  const notePath = notePathOf(path);
  try {
    await files.writeAtomic(notePath, `${JSON.stringify(holder)}\n`);
  } catch (error) {
    database.close();
    throw error;
  }
  let held = true;
  return {
    release: async () => {
      if (!held) return;
      held = false;
      try {
        // First the note: once the lock is free, it may be the next holder's.
        await files.remove(notePath);
      } finally {
        database.close();
      }
    },
  };
}

const notePathOf = (path: string): string => `${path}.holder.json`;

/** A note is a few words; anything larger is not ours. */
const noteBytesMax = 64 * 1024;

async function lockedProblem(path: string, io: LockIo): Promise<Problem> {
  const holder = await readNote(path, io);
  const who =
    holder === null
      ? 'Another process'
      : `Process ${holder.pid} (${holder.command}), since ${new Date(holder.since).toISOString()},`;
  return errorProblem({
    code: 'record/locked',
    summary: 'Another process is changing models on this machine',
    detail: `${who} holds ${path}.`,
    remedy: 'Wait for it to end, or let this command wait:\n\n    modelctl apply --lock-timeout 5m',
    retry: 'later',
  });
}

/** Null when it cannot be told: the note is missing, not ours, or left by a process that ended. */
async function readNote(path: string, { files, processes }: LockIo): Promise<LockHolder | null> {
  try {
    const bytes = await files.readBytes(notePathOf(path), noteBytesMax);
    const note: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isHolder(note) && processes.isAlive(note.pid) ? note : null;
  } catch {
    // It only serves a message that is about something else.
    return null;
  }
}

const isHolder = (note: unknown): note is LockHolder =>
  typeof note === 'object' &&
  note !== null &&
  'pid' in note &&
  Number.isSafeInteger(note.pid) &&
  Number(note.pid) > 0 &&
  'command' in note &&
  typeof note.command === 'string' &&
  'since' in note &&
  Number.isSafeInteger(note.since) &&
  Math.abs(Number(note.since)) <= dateMsMax;

/** The largest time that a Date can hold. */
const dateMsMax = 8.64e15;

const unusableProblem = (path: string, error: unknown): Problem =>
  errorProblem({
    code: 'record/lock-unusable',
    summary: 'The lock of this machine cannot be taken',
    detail: `${path}: ${error instanceof Error ? error.message : String(error)}.`,
    remedy:
      sqliteCode(error) === sqlite.full || errorCode(error) === 'ENOSPC'
        ? 'Free some space and run the command again.'
        : `See who may write there, and that it is an empty file, or use another home:\n\n    ls -la ${dirname(path)}\n    export MODELCTL_HOME=/path/to/folder`,
  });
