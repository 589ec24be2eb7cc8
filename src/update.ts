// Moves entries of a lock to what their sources serve now: those of the Models that are named, or
// all. Nothing else in the lock is touched, and an entry whose source cannot be asked stays.
import { type Problem, ProblemError } from './core/problem.ts';
import type { Standing } from './core/upstream.ts';
import { type DeclaredSet, readDeclaredSet } from './locking/declared-set.ts';
import { type Asked, type Line, standingsOf } from './locking/standings.ts';
import { lockingContext, type SourcesContext } from './locking-context.ts';
import { unknownModels } from './named.ts';
import { artifactOf, entryKey, type LockEntry } from './resolve/lock-entry.ts';
import { noLock, notLocked } from './resolve/lock-problems.ts';
import { rewriteLock } from './resolve/lock-update.ts';

export interface UpdateRequest {
  /** Files, folders, globs or `-`, as with `-f`. */
  readonly inputs: readonly string[];
  /** Names of Models; default: all that are declared. */
  readonly models?: readonly string[];
  /** Say what would move, and write nothing. */
  readonly dryRun?: boolean;
}

export interface Updated {
  /** Absolute: the lock; null when it could not be used. */
  readonly path: string | null;
  /**
   * Entries that moved, or could not be asked for. A Model that was not named is here too when it
   * shares a source with one that was: a set has one content for a source.
   */
  readonly standings: readonly Standing[];
  readonly written: boolean;
  readonly problems: readonly Problem[];
  /** 1 invalid, 3 a source could not be asked or the lock not written, 130 aborted. */
  readonly exitCode: 0 | 1 | 3 | 130;
}

/** Expected failures are in the result; it rejects only for bugs of ours. */
export async function update(request: UpdateRequest, context: SourcesContext): Promise<Updated> {
  try {
    const set = await readDeclaredSet(request.inputs, lockingContext(context));
    if (!set.ok) return stopped(set.problems, 1);
    const { manifests, state } = set.value;
    const unknown = unknownModels('lock/unknown-model', request.models ?? [], manifests);
    if (unknown.length > 0) return stopped([...set.problems, ...unknown], 1);
    if (state.lock === null) return stopped([...set.problems, noLock(state.folder)], 1);
    const found = await move(request, set.value, state.lock.entries);
    return { ...found, problems: [...set.problems, ...found.problems] };
  } catch (error) {
    if (context.signal.aborted) return stopped([], 130);
    if (error instanceof ProblemError) return stopped([error.problem], 3);
    throw error;
  }
}

async function move(
  request: UpdateRequest,
  set: DeclaredSet,
  entries: readonly LockEntry[],
): Promise<Updated> {
  const { state, context } = set;
  const lines = linesOf(request, set, entries);
  const asked = await standingsOf(lines, context);
  const moved = asked.flatMap(movedEntry);
  const text = await textWith(state.text ?? '', moved);
  const isWritten = moved.length > 0 && request.dryRun !== true;
  if (isWritten) await rewriteLock(state, text, context.io);
  const standings = asked.flatMap(({ standing }) =>
    standing.status === 'moved' || standing.status === 'unknown' ? [standing] : [],
  );
  const failed = standings.flatMap(({ problem }) => problem ?? []);
  return {
    path: state.lockPath,
    standings,
    written: isWritten,
    problems: [...failed, ...withoutEntry(request, set, entries)],
    exitCode: failed.length > 0 ? 3 : 0,
  };
}

/** Entries of the Models that are meant, and of all that share a source with them. */
function linesOf(
  { models }: UpdateRequest,
  { references }: DeclaredSet,
  entries: readonly LockEntry[],
): readonly Line[] {
  const meant = references.filter(({ model }) => models?.includes(model) ?? true);
  const locked = new Set(entries.map(entryKey));
  const sources = new Set(
    meant.flatMap((reference) => (locked.has(entryKey(reference)) ? [reference.source] : [])),
  );
  const origins = new Map(references.map((one) => [entryKey(one), one.origin]));
  return entries.flatMap((entry) => {
    if (!sources.has(entry.source)) return [];
    const { model, target, source } = entry;
    const origin = origins.get(entryKey(entry));
    const at = origin === undefined ? {} : { origin };
    return [{ model, target, source, locked: artifactOf(entry), ...at }];
  });
}

const movedEntry = ({ standing: { model, target }, moved }: Asked): readonly LockEntry[] =>
  moved === null ? [] : [{ ...moved, model, target }];

async function textWith(text: string, moved: readonly LockEntry[]): Promise<string> {
  const { updateLock } = await import('./resolve/lock-file.ts');
  return updateLock(text, { moved });
}

/** What was asked for and is not there to be moved: that is for `lock`. */
function withoutEntry(
  { models }: UpdateRequest,
  { references }: DeclaredSet,
  entries: readonly LockEntry[],
): readonly Problem[] {
  const locked = new Set(entries.map(entryKey));
  return references.flatMap((reference) => {
    const isMeant = models?.includes(reference.model) ?? true;
    return isMeant && !locked.has(entryKey(reference)) ? [notLocked(reference)] : [];
  });
}

const stopped = (problems: readonly Problem[], exitCode: Updated['exitCode']): Updated => ({
  path: null,
  standings: [],
  written: false,
  problems,
  exitCode,
});
