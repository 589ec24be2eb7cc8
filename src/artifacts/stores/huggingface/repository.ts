// The folder of one repository before we work in it: that its folders are folders, so that no path
// below it leads out of it, and that nothing which our own crashes left behind piles up.
import { dirname, join, relative, sep } from 'node:path';
import { errorProblem, type Problem, ProblemError } from '../../../core/problem.ts';
import { writerOf } from './layout.ts';
import type { RepositoryStore } from './store.ts';

/**
 * Throws ProblemError when a folder on the way to one of `paths` is a link or a file. The folder of
 * the repository itself may be a link: people move large models to another disk.
 */
export async function checkFolders(
  store: RepositoryStore,
  paths: readonly string[],
): Promise<void> {
  const folders = new Set(paths.flatMap((path) => foldersTo(store.folder, path)));
  for (const folder of folders) {
    const found = await store.io.files.entry(folder);
    if (found !== null && found.kind !== 'folder') {
      throw new ProblemError(notFolder(folder, found.kind === 'link'));
    }
  }
}

/** From below the repository's folder down to the one that `path` stands in. */
function foldersTo(folder: string, path: string): readonly string[] {
  const parts = relative(folder, dirname(path)).split(sep);
  return parts.map((_, at) => join(folder, ...parts.slice(0, at + 1)));
}

/** On a cache that several machines share, the writer may be alive elsewhere: it is given time. */
const leftoverAgeMs = 10 * 60_000;

/** Removes what writers that are no more left half made. */
export async function sweepTemporaries({ io, folder }: RepositoryStore): Promise<void> {
  if ((await io.files.stat(folder)) === null) return;
  for (const { name } of await io.files.list(folder)) {
    const writer = writerOf(name);
    if (writer === null || io.processes.isAlive(writer)) continue;
    const found = await io.files.entry(join(folder, name));
    if (found === null || io.clock.now() - found.modifiedAt < leftoverAgeMs) continue;
    await io.files.remove(join(folder, name));
  }
}

const notFolder = (path: string, isLink: boolean): Problem =>
  errorProblem({
    code: 'store/unsafe-layout',
    summary: 'The Hugging Face cache is not laid out as it should be',
    detail:
      `${path} is ${isLink ? 'a link' : 'no folder'}, where the layout has a folder. Nothing is ` +
      'written or removed below it.',
    remedy: 'Put a folder there, or move what is there aside; then apply again.',
  });
