// What of a lock is not as the manifests want it. One answer for all who ask: a run that adds to the
// lock, `lock --check`, and `--locked`, which refuses a lock with a gap. Pure: from files alone.
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import { entryKey, type LockEntry, type LockFile } from './lock-entry.ts';
import type { PinKey } from './pin.ts';
import { lockedFiles, type SetState } from './set.ts';

export interface LockGap {
  /** Referred to, and without an entry. */
  readonly missing: readonly PinKey[];
  /** Nothing refers to them any more. */
  readonly orphans: readonly LockEntry[];
  /** The manifests that the lock should list; null when it lists them. */
  readonly files: readonly string[] | null;
}

/** Of the set as it stands. */
export function setGap(
  state: SetState,
  manifests: Manifests,
  references: readonly PinKey[],
): LockGap {
  const gap = lockGap(state.lock, state, manifests, references);
  if (state.keptAside === null) return gap;
  // Where the lock itself cannot be written, an earlier run kept aside what it should say.
  const aside = lockGap(state.keptAside.lock, state, manifests, references);
  return isGap(aside) ? gap : aside;
}

type Place = Pick<SetState, 'folder' | 'incompleteBecause'>;

/** Of one text of a lock; null where there is none yet. */
export function lockGap(
  lock: LockFile | null,
  { folder, incompleteBecause }: Place,
  manifests: Manifests,
  references: readonly PinKey[],
): LockGap {
  const wanted = new Map(references.map((reference) => [entryKey(reference), reference]));
  const given = lockedFiles(manifests, folder);
  if (lock === null) return { missing: [...wanted.values()], orphans: [], files: given };
  const known = new Set(lock.entries.map(entryKey));
  // A part of a set speaks only for the Models that are in it.
  const isWhole = incompleteBecause === null;
  const models = new Set(
    manifests.resources.flatMap(({ kind, metadata }) => (kind === 'Model' ? [metadata.name] : [])),
  );
  const files = isWhole ? given : [...new Set([...lock.files, ...given])].toSorted();
  return {
    missing: [...wanted].flatMap(([key, reference]) => (known.has(key) ? [] : [reference])),
    orphans: lock.entries.filter(
      (entry) => !wanted.has(entryKey(entry)) && (isWhole || models.has(entry.model)),
    ),
    files: files.join('\n') === lock.files.join('\n') ? null : files,
  };
}

export const isGap = ({ missing, orphans, files }: LockGap): boolean =>
  missing.length > 0 || orphans.length > 0 || files !== null;

/** What `--locked` is refused with: 6, unlike what else can be wrong with a lock. */
export const unlockedCode = 'lock/unlocked';

/**
 * Why `--locked`, or what else asks for a whole lock, cannot be kept; null when the lock is what the
 * manifests want.
 */
export function unlocked(
  state: SetState,
  manifests: Manifests,
  references: readonly PinKey[],
  by = '--locked',
): Problem | null {
  if (state.lock === null) {
    return refusal(`There is no lock for the manifests in ${state.folder}, and ${by} makes none.`);
  }
  const gap = setGap(state, manifests, references);
  if (!isGap(gap)) return null;
  const why = gapSentences(gap, state.lock).join(' ');
  return refusal(`${state.lockPath} is stale, and ${by} changes nothing in it. ${why}`);
}

/** One sentence for each kind of difference. */
function gapSentences({ missing, orphans, files }: LockGap, lock: LockFile): readonly string[] {
  const gone = files === null ? [] : lock.files.filter((file) => !files.includes(file));
  const fresh = files === null ? [] : files.filter((file) => !lock.files.includes(file));
  return [
    ...(missing.length === 0 ? [] : [`It has no entry for ${some(missing.map(lineName))}.`]),
    ...(orphans.length === 0
      ? []
      : [`Nothing refers any more to its entry for ${some(orphans.map(lineName))}.`]),
    ...(gone.length === 0 ? [] : [`It lists ${some(gone)}, which is no longer given.`]),
    ...(fresh.length === 0 ? [] : [`It does not list ${some(fresh)}.`]),
  ];
}

const lineName = ({ model, target, source }: PinKey): string =>
  `Model/${model} (${source}${target === '-' ? '' : ` on ${target}`})`;

const namedMax = 3;

const some = (names: readonly string[]): string =>
  names.length <= namedMax
    ? names.join(', ')
    : `${names.slice(0, namedMax).join(', ')} and ${names.length - namedMax} more`;

const refusal = (detail: string): Problem =>
  errorProblem({
    code: unlockedCode,
    summary: 'The lock does not cover the manifests',
    detail,
    remedy: 'Bring it up to date, look at the difference, and commit it:\n\n    modelctl lock',
  });
