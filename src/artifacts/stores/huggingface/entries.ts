// A file's name in a snapshot: a relative link to its blob, or the file itself where there are no
// symbolic links (a setting, or a file system that has none). A commit never changes, so a name that
// leads to other bytes is wrong, and still not ours to correct unless we wrote it or it leads nowhere.
import { dirname } from 'node:path';
import { errorProblem, type Problem, ProblemError } from '../../../core/problem.ts';
import { errorCode } from '../../../io/error-code.ts';
import { drafting } from '../draft.ts';
import { type Bringing, holds, putContent } from './blobs.ts';
import { symlinksDisabled } from './folder.ts';
import {
  blobBehind,
  blobName,
  blobPath,
  type CacheFile,
  entryPath,
  entryTarget,
} from './layout.ts';
import { newTemporary, type RepositoryStore } from './store.ts';

export interface EntryCall extends Bringing {
  readonly isOurs: (path: string) => boolean;
  /** Asked once a file has to be written. */
  readonly hasSymlinks: () => Promise<boolean>;
}

/** Makes sure of a file's bytes and of its name in the snapshot. False when all was there. */
export async function putFile(
  store: RepositoryStore,
  commit: string,
  file: CacheFile,
  call: EntryCall,
): Promise<boolean> {
  const path = entryPath(store.folder, commit, file.path);
  const blob = blobPath(store.folder, blobName(file));
  const there = await lookAt(store, path);
  if (there.kind === 'link' && there.blob === blobName(file)) {
    return putContent(store, file, blob, call);
  }
  if (there.kind !== 'absent') {
    if (await holds(store, path, file, call.signal)) return false;
    const mayReplace = there.kind !== 'other' && (there.leadsNowhere || call.isOurs(file.path));
    if (!mayReplace) throw new ProblemError(occupied(path, file));
  }
  if (!(await call.hasSymlinks())) {
    const obtain: Bringing['obtain'] = async (wanted) =>
      (await holds(store, blob, wanted, call.signal))
        ? { path: blob, shareable: false }
        : call.obtain(wanted);
    return putContent(store, file, path, { ...call, obtain });
  }
  await putContent(store, file, blob, call);
  await point(store, path, entryTarget(file.path, blobName(file)), there.kind === 'absent');
  return true;
}

type Entry =
  | { readonly kind: 'absent' | 'file' | 'other'; readonly leadsNowhere: false }
  /** `blob` is null when the link leads elsewhere than into the repository's blobs. */
  | { readonly kind: 'link'; readonly blob: string | null; readonly leadsNowhere: boolean };

async function lookAt({ io: { files }, folder }: RepositoryStore, path: string): Promise<Entry> {
  const found = await files.entry(path);
  if (found === null) return { kind: 'absent', leadsNowhere: false };
  if (found.kind !== 'link') {
    return { kind: found.kind === 'file' ? 'file' : 'other', leadsNowhere: false };
  }
  const blob = blobBehind(folder, dirname(path), await files.readLink(path));
  return { kind: 'link', blob, leadsNowhere: (await files.stat(path)) === null };
}

/** A new name is made so that it cannot replace one that came meanwhile; an old one in one step. */
async function point(
  store: RepositoryStore,
  path: string,
  target: string,
  isNew: boolean,
): Promise<void> {
  const { files } = store.io;
  if (isNew) {
    try {
      await files.symlink(target, path);
      return;
    } catch (error) {
      const meanwhile = errorCode(error) === 'EEXIST' && (await files.entry(path))?.kind === 'link';
      if (meanwhile && (await files.readLink(path)) === target) return;
      throw error;
    }
  }
  const temporary = newTemporary(store);
  await drafting(store.io, temporary, async () => {
    await files.symlink(target, temporary);
    await files.rename(temporary, path);
  });
}

/** What file systems and systems without symbolic links, or without the right to them, answer. */
const noSymlinks: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
]);

/** Whether the cache takes symbolic links. Tries one, as the Python client does. */
export async function hasSymlinks(store: RepositoryStore): Promise<boolean> {
  const { io } = store;
  if (symlinksDisabled(io.environment)) return false;
  const probe = newTemporary(store);
  try {
    await drafting(io, probe, async () => {
      await io.files.symlink('blobs', probe);
      await io.files.remove(probe);
    });
    return true;
  } catch (error) {
    if (noSymlinks.has(errorCode(error))) return false;
    throw error;
  }
}

const occupied = (path: string, file: CacheFile): Problem =>
  errorProblem({
    code: 'store/occupied',
    summary: 'The Hugging Face cache has other bytes under a name',
    detail:
      `${path} is to hold ${file.digest}, and holds something else, which modelctl did not put ` +
      'there. It was left alone.',
    remedy: `Look at the file and, if nobody needs it, remove it:\n\n  rm ${quoted(path)}\n\nThen apply again.`,
  });

const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`;
