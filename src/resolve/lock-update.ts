// What a run does to the lock: new references are added, none is moved, and what an edit left
// without a Model goes in the same write, as with npm. Reads and writes nothing until the end.
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import { errorCode, isAbsent } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import { entryKey, type LockEntry, lockBytesMax } from './lock-entry.ts';
import { lockGap } from './lock-gap.ts';
import type { Pin } from './pin.ts';
import type { Resolved } from './resolve.ts';
import type { SetState } from './set.ts';

export interface LockUpdate {
  /** The whole new text; null when the lock stays as it is. */
  readonly text: string | null;
  readonly added: readonly LockEntry[];
  readonly removed: readonly LockEntry[];
}

/** With `--locked`, and where nothing is proposed: whatever the manifests say. */
export const noLockUpdate: LockUpdate = { text: null, added: [], removed: [] };

export async function lockUpdate(
  set: string,
  state: SetState,
  manifests: Manifests,
  { pins, references }: Pick<Resolved, 'pins' | 'references'>,
): Promise<LockUpdate> {
  const gap = lockGap(state.lock, state, manifests, references);
  const pinned = new Map(pins.map((pin) => [entryKey(pin), entryOf(pin)]));
  // What could not be resolved has no pin, and stays missing.
  const added = gap.missing.flatMap((key) => pinned.get(entryKey(key)) ?? []);
  if (state.text === null) {
    const { printLock } = await import('./lock-file.ts');
    const text = printLock({ set, files: gap.files ?? [], entries: added });
    return { text, added, removed: [] };
  }
  const { orphans: removed, files } = gap;
  if (added.length === 0 && removed.length === 0 && files === null) return noLockUpdate;
  const { updateLock } = await import('./lock-file.ts');
  const change = { added, removed: removed.map(entryKey), ...(files === null ? {} : { files }) };
  const text = updateLock(state.text, change);
  return text === state.keptAside?.text ? noLockUpdate : { text, added, removed };
}

const entryOf = ({ model, target, artifact }: Pin): LockEntry => ({ ...artifact, model, target });

/**
 * Returns where it was written: beside the manifests, or in the state directory if it must. Throws
 * ProblemError when it cannot be written at all, or when somebody else wrote it meanwhile.
 */
export async function writeLock(state: SetState, text: string, io: Io): Promise<string> {
  try {
    await assureUnchanged(state, io);
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

/** As `writeLock`, but only there: what moves an entry has no effect beside the lock that has it. */
export async function rewriteLock(state: SetState, text: string, io: Io): Promise<void> {
  try {
    await assureUnchanged(state, io);
    await io.files.writeAtomic(state.lockPath, text);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw new ProblemError(notWritten(state.lockPath, error), { cause: error });
  }
}

/** Sources are asked between reading and writing, which takes its time. */
async function assureUnchanged({ lockPath, text }: SetState, io: Io): Promise<void> {
  const now = await readIfThere(lockPath, io);
  if (now !== text) throw new ProblemError(changedMeanwhile(lockPath));
}

async function readIfThere(path: string, io: Io): Promise<string | null> {
  try {
    return new TextDecoder().decode(await io.files.readBytes(path, lockBytesMax));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
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
    remedy: 'Make room there, or let this user write, and run the same command again.',
    retry: 'later',
  });

const changedMeanwhile = (path: string): Problem =>
  errorProblem({
    code: 'lock/changed-meanwhile',
    summary: 'The lock was changed by somebody else',
    detail: `${path} is no longer what it was when this run began. Nothing was written.`,
    remedy: 'Run the same command again.',
    retry: 'later',
  });
