// What goes with files of a commit, decided on what a scan saw. Pure. Only what was named goes: the
// names in that snapshot, the blobs that nothing else leads to, and refs to a snapshot that is empty
// then. What was not seen whole keeps everything.
import { blobName, type CacheFile } from './layout.ts';
import type { CachedBlob, CachedRepository, CachedRevision } from './scanned.ts';

export interface RemovalRequest {
  /** As in `org/name`. */
  readonly repository: string;
  /** 40 hex characters. */
  readonly commit: string;
  /** What we put there, as it was put. */
  readonly files: readonly CacheFile[];
}

/**
 * `other-content`: something else stands under the name · `other-snapshot`: the bytes are needed
 * there · `in-use`: another program is at work on them · `not-all-read`: there is no telling.
 */
export type KeptBecause = 'other-content' | 'other-snapshot' | 'in-use' | 'not-all-read';

export interface Kept {
  readonly file: CacheFile;
  readonly because: KeptBecause;
}

export interface RemovalPlan {
  /** Whose names in the snapshot go. */
  readonly entries: readonly CacheFile[];
  readonly blobs: readonly CachedBlob[];
  readonly refs: readonly string[];
  /** What the disk gets back; bytes that have another name count as nothing. */
  readonly freesBytes: number;
  readonly kept: readonly Kept[];
}

export function planRemoval(repository: CachedRepository, request: RemovalRequest): RemovalPlan {
  const { files, commit } = request;
  if (!repository.complete) {
    const kept = files.map((file): Kept => ({ file, because: 'not-all-read' }));
    return { entries: [], blobs: [], refs: [], freesBytes: 0, kept };
  }
  const revision = repository.revisions.find((one) => one.commit === commit);
  const states = files.map((file) => ({ file, state: stateOf(file, revision) }));
  const inState = (wanted: State) =>
    states.filter(({ state }) => state === wanted).map(({ file }) => file);
  const entries = [...inState('link'), ...inState('standing')];
  const candidates = [...inState('link'), ...inState('gone')];

  const blobs = new Set<CachedBlob>();
  const needed: Kept[] = [];
  for (const file of candidates) {
    const blob = repository.blobs.find((one) => one.name === blobName(file));
    if (blob === undefined) continue;
    const going = inState('link').filter((one) => blobName(one) === blob.name).length;
    if (blob.links === going) blobs.add(blob);
    else needed.push({ file, because: 'other-snapshot' });
  }
  const paths = new Set(entries.map(({ path }) => path));
  const isEmptied = revision?.files.every(({ path }) => paths.has(path)) ?? false;
  const nowhere = repository.danglingRefs.filter((ref) => ref.commit === commit);
  const freed = [...blobs].filter((blob) => !blob.isShared);
  return {
    entries,
    blobs: [...blobs],
    refs: [...(isEmptied ? (revision?.refs ?? []) : []), ...nowhere.map(({ name }) => name)],
    freesBytes: [...freed, ...inState('standing')].reduce((sum, { bytes }) => sum + bytes, 0),
    kept: [
      ...inState('other').map((file): Kept => ({ file, because: 'other-content' })),
      ...needed,
    ],
  };
}

/** `standing`: the file itself is there, as in a cache without links. */
type State = 'link' | 'standing' | 'gone' | 'other';

function stateOf(file: CacheFile, revision: CachedRevision | undefined): State {
  const there = revision?.files.find(({ path }) => path === file.path);
  if (there === undefined) return 'gone';
  if (there.blob !== null) return there.blob === blobName(file) ? 'link' : 'other';
  return there.bytes === file.bytes ? 'standing' : 'other';
}
