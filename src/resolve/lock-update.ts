// What a run does to the lock: new references are added, none is moved, and what an edit left
// without a Model goes in the same write, as with npm. Pure but for the one write at the end.
import type { Manifests } from '../core/resource.ts';
import { errorCode } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import { entryKey, type LockEntry, printLock, updateLock } from './lock-file.ts';
import type { Pin } from './pin.ts';
import { lockedFiles, type SetState } from './set.ts';

export interface LockUpdate {
  /** The whole new text; null when the lock stays as it is. */
  readonly text: string | null;
  readonly added: number;
  readonly removed: number;
}

export function lockUpdate(
  set: string,
  state: SetState,
  manifests: Manifests,
  pins: readonly Pin[],
): LockUpdate {
  const wanted = new Map(pins.map((pin) => [entryKey(pin), pin]));
  const given = lockedFiles(manifests, state.folder);
  const added = [...wanted.values()].filter((pin) => pin.fresh).map(entryOf);
  if (state.lock === null || state.text === null) {
    const text = printLock({ set, files: given, entries: [...wanted.values()].map(entryOf) });
    return { text, added: wanted.size, removed: 0 };
  }
  // A part of a set speaks only for the Models that are in it.
  const isWhole = state.incompleteBecause === null;
  const models = new Set(manifests.resources.map((one) => one.metadata.name));
  const removed = state.lock.entries
    .filter((entry) => !wanted.has(entryKey(entry)) && (isWhole || models.has(entry.model)))
    .map(entryKey);
  const files = isWhole ? given : [...new Set([...state.lock.files, ...given])].toSorted();
  const sameFiles = files.join('\n') === state.lock.files.join('\n');
  if (added.length === 0 && removed.length === 0 && sameFiles) {
    return { text: null, added: 0, removed: 0 };
  }
  const change = { added, removed, ...(sameFiles ? {} : { files }) };
  return { text: updateLock(state.text, change), added: added.length, removed: removed.length };
}

const entryOf = ({ model, target, artifact }: Pin): LockEntry => ({ ...artifact, model, target });

/** Returns where it was written: beside the manifests, or in the state directory if it must. */
export async function writeLock(state: SetState, text: string, io: Io): Promise<string> {
  try {
    await io.files.writeAtomic(state.lockPath, text);
    return state.lockPath;
  } catch (error) {
    if (!readOnlyCodes.has(errorCode(error) ?? '')) throw error;
    await io.files.writeAtomic(state.fallbackPath, text);
    return state.fallbackPath;
  }
}

const readOnlyCodes = new Set(['EACCES', 'EPERM', 'EROFS']);
