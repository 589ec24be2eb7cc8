// Looks at the bytes of the locked models of this machine: which files there are, and whether each is
// what it must be. Reads only; what was learned (how right files look, checksums of their chunks) is
// handed on to whoever may write it down.
import { huggingFaceCache } from '../artifacts/stores/huggingface/index.ts';
import type { Digest } from '../core/digest.ts';
import type { HashProgress, UnverifiedName, VerifiedCopy } from '../core/verification.ts';
import type { Io } from '../io/io.ts';
import type { Ledger } from '../record/ledger.ts';
import type { LockFile } from '../resolve/lock-entry.ts';
import { type Inspected, inspect } from './inspect.ts';
import { type Declared, type FileToVerify, filesToVerify } from './stored-files.ts';

export type Seen = Inspected<FileToVerify>;

export interface Looked {
  readonly seen: readonly Seen[];
  readonly names: readonly UnverifiedName[];
}

export interface LookOptions {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly ledger: Ledger;
  readonly staging: string;
  readonly lock: LockFile | null;
  readonly quick: boolean;
  readonly onProgress: (progress: HashProgress) => void;
  /** What was seen so far counts also when the rest is aborted. */
  readonly onSeen?: (seen: Seen) => void;
}

/** Throws ProblemError. */
export async function look(declared: Declared, options: LookOptions): Promise<Looked> {
  const { io, signal, staging } = options;
  const cache = huggingFaceCache(io);
  const { files, names } = await filesToVerify(declared, { io, signal, staging, cache });
  return { seen: await lookAgain(files, options), names };
}

/** The same for files that are known. */
export async function lookAgain(
  files: readonly FileToVerify[],
  { ledger, lock, onSeen, ...options }: LookOptions,
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  const { verifiedAt, checksumsOf } = ledger;
  await inspect(files, { ...options, verifiedAt, checksumsOf, known: knownFiles(lock) }, (one) => {
    seen.push(one);
    onSeen?.(one);
  });
  return seen;
}

/** Writes down what was learned. The lock of this machine must be held. */
export function remember(seen: readonly Seen[], ledger: Ledger): void {
  for (const { file, checksums } of seen) {
    if (checksums !== null) ledger.journal.keepChecksums(file.digest, checksums);
  }
  ledger.keepVerified(seen.flatMap((one) => (one.seen === null ? [] : [one.seen])));
  ledger.forgetVerified(seen.flatMap((one) => (one.seen === null ? [one.file.path] : [])));
}

export const copyOf = ({ file, verdict }: Seen): VerifiedCopy => {
  const { path, file: name, digest, bytes, store, models, names } = file;
  return { path, file: name, digest, bytes, store, models, names, verdict };
};

export const isDamaged = ({ verdict }: Seen): boolean => verdict.status === 'damaged';

/** Which file of the set has a digest, for people. */
const knownFiles = (lock: LockFile | null): ReadonlyMap<Digest, string> =>
  new Map(
    (lock?.entries ?? [])
      .toReversed()
      .flatMap(({ model, files }) =>
        files.map(({ digest, path }) => [digest, `${path} of Model/${model}`] as const),
      ),
  );
