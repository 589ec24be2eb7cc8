// What can be wrong with a ledger, as problems with a way out. None of the ways is to overwrite it:
// a damaged ledger is evidence of what modelctl owns.
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';

/** A row that does not hold what its column promises. */
export class DamagedRowError extends Error {
  override readonly name = 'DamagedRowError';
}

/** Result codes of SQLite that matter here: see sqlite.org/rescode.html. */
export const sqlite = {
  permission: 3,
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** SQLite's primary result code; null for anything else that was thrown. */
export function sqliteCode(error: unknown): number | null {
  if (errorCode(error) !== 'ERR_SQLITE_ERROR') return null;
  const extended = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return extended & 0xff;
}

const summaries = {
  'record/ledger-damaged': 'The ledger is damaged',
  'record/ledger-unreadable': 'The ledger cannot be read',
  'record/ledger-not-writable': 'The ledger cannot be written',
  'record/ledger-busy': 'Another process keeps the ledger busy',
  'record/ledger-disk-full': 'There is no room to write the ledger',
} as const;

type LedgerCode = keyof typeof summaries;

const codes: Readonly<Record<number, LedgerCode>> = {
  [sqlite.corrupt]: 'record/ledger-damaged',
  [sqlite.notADatabase]: 'record/ledger-damaged',
  [sqlite.readOnly]: 'record/ledger-not-writable',
  [sqlite.busy]: 'record/ledger-busy',
  [sqlite.full]: 'record/ledger-disk-full',
};

const passing: ReadonlySet<LedgerCode> = new Set(['record/ledger-busy', 'record/ledger-disk-full']);

/** Null when the error does not come from the ledger's file: then it is a bug of ours. */
export function ledgerProblem(error: unknown, path: string): Problem | null {
  const code = sqliteCode(error);
  if (error instanceof DamagedRowError || code !== null) {
    const known: LedgerCode =
      code === null ? 'record/ledger-damaged' : (codes[code] ?? 'record/ledger-unreadable');
    return problemOf(known, path, error);
  }
  return errorCode(error) === undefined ? null : problemOf('record/ledger-unreadable', path, error);
}

const problemOf = (code: LedgerCode, path: string, error: unknown): Problem =>
  errorProblem({
    code,
    summary: summaries[code],
    detail: `${path}: ${error instanceof Error ? error.message : String(error)}.`,
    remedy: remedies[code](path),
    retry: passing.has(code) ? 'later' : 'never',
  });

const remedies: Readonly<Record<LedgerCode, (path: string) => string>> = {
  'record/ledger-damaged': (path) =>
    'Until then nothing is changed. Put back a copy of the file, or set it aside: what is there ' +
    `is then found again as adopted.\n\n    mv ${path} ${path}.damaged`,
  'record/ledger-unreadable': (path) => `See who may read it:\n\n    ls -l ${path}`,
  'record/ledger-not-writable': (path) => `See who may write it:\n\n    ls -l ${path}`,
  'record/ledger-busy': () => 'Run the command again.',
  'record/ledger-disk-full': () => 'Free some space and run the command again.',
};

export const newerLedger = (path: string, version: number, known: number): Problem =>
  errorProblem({
    code: 'record/ledger-newer',
    summary: 'The ledger was written by a newer modelctl',
    detail: `${path} has version ${version}; this program knows versions up to ${known}.`,
    remedy: 'Use the newer modelctl on this machine, or give this one a home of its own.',
  });

export const olderLedger = (path: string): Problem =>
  errorProblem({
    code: 'record/ledger-older',
    summary: 'The ledger is of an older modelctl',
    detail: `${path} is brought up to date by the next run that changes something.`,
    remedy: 'modelctl apply',
  });

/** The same for work that takes time. */
export async function whileOnLedger<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return onLedger(path, () => {
      throw error;
    });
  }
}

/** Runs something on the ledger; what the file is to blame for becomes a ProblemError. */
export function onLedger<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const problem = ledgerProblem(error, path);
    if (problem === null) throw error;
    throw new ProblemError(problem, { cause: error });
  }
}
