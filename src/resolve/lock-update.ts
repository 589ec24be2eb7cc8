// What a run does to the lock: new references are added, none is moved, and what an edit left
// without a Model goes in the same write, as with npm. Reads and writes nothing until the end.
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import { errorCode } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import { entryKey, type LockEntry } from './lock-entry.ts';
import type { Pin } from './pin.ts';
import type { Resolved } from './resolve.ts';
import { lockedFiles, type SetState } from './set.ts';

export interface LockUpdate {
  /** The whole new text; null when the lock stays as it is. */
  readonly text: string | null;
  readonly added: number;
  readonly removed: number;
}

/** With `--locked`, and where nothing is proposed: whatever the manifests say. */
export const noLockUpdate: LockUpdate = { text: null, added: 0, removed: 0 };

export async function lockUpdate(
  set: string,
  state: SetState,
  manifests: Manifests,
  { pins, references }: Pick<Resolved, 'pins' | 'references'>,
): Promise<LockUpdate> {
  const pinned = new Map(pins.map((pin) => [entryKey(pin), pin]));
  const given = lockedFiles(manifests, state.folder);
  if (state.lock === null || state.text === null) {
    const { printLock } = await import('./lock-file.ts');
    const text = printLock({ set, files: given, entries: [...pinned.values()].map(entryOf) });
    return { text, added: pinned.size, removed: 0 };
  }
  const known = new Set(state.lock.entries.map(entryKey));
  const added = [...pinned].flatMap(([key, pin]) => (known.has(key) ? [] : [entryOf(pin)]));
  // A part of a set speaks only for the Models that are in it.
  const isWhole = state.incompleteBecause === null;
  const models = new Set(
    manifests.resources.flatMap(({ kind, metadata }) => (kind === 'Model' ? [metadata.name] : [])),
  );
  const wanted = new Set(references.map(entryKey));
  const removed = state.lock.entries
    .filter((entry) => !wanted.has(entryKey(entry)) && (isWhole || models.has(entry.model)))
    .map(entryKey);
  const files = isWhole ? given : [...new Set([...state.lock.files, ...given])].toSorted();
  const sameFiles = files.join('\n') === state.lock.files.join('\n');
  if (added.length === 0 && removed.length === 0 && sameFiles) return noLockUpdate;
  const { updateLock } = await import('./lock-file.ts');
  const change = { added, removed, ...(sameFiles ? {} : { files }) };
  const text = updateLock(state.text, change);
  if (text === state.keptAside) return noLockUpdate;
  return { text, added: added.length, removed: removed.length };
}

const entryOf = ({ model, target, artifact }: Pin): LockEntry => ({ ...artifact, model, target });

/**
 * Returns where it was written: beside the manifests, or in the state directory if it must. Throws
 * ProblemError when it cannot be written at all.
 */
export async function writeLock(state: SetState, text: string, io: Io): Promise<string> {
  try {
    if (await isWritten(state.lockPath, text, io)) {
      // What was kept aside is in it now, and must not come back when it has left the lock.
      if (state.keptAside !== null) await io.files.remove(state.fallbackPath);
      return state.lockPath;
    }
    await io.files.writeAtomic(state.fallbackPath, text);
    return state.fallbackPath;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw new ProblemError(notWritten(state.lockPath, error), { cause: error });
  }
}

const readOnlyCodes = new Set(['EACCES', 'EPERM', 'EROFS']);

/** False where nothing can be written. */
async function isWritten(path: string, text: string, io: Io): Promise<boolean> {
  try {
    await io.files.writeAtomic(path, text);
    return true;
  } catch (error) {
    if (!readOnlyCodes.has(errorCode(error) ?? '')) throw error;
    return false;
  }
}

const notWritten = (path: string, error: unknown): Problem =>
  errorProblem({
    code: 'lock/not-written',
    summary: 'The lock could not be written',
    detail: `${path}: ${error instanceof Error ? error.message : String(error)}. Nothing else was done.`,
    remedy: 'Make room there, or let this user write, and apply again.',
    retry: 'later',
  });
