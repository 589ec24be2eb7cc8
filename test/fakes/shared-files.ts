// What modelctl put into caches that other tools use too, in memory; and an engine without a store.
import type { PerformContext } from '../../src/backends/backend.ts';
import type { SharedFile, SharedFiles } from '../../src/core/shared-file.ts';

export function createSharedFiles(): SharedFiles {
  const rows = new Map<string, SharedFile>();
  const keyOf = ({ cache, repository, commit, path }: SharedFile): string =>
    [cache, repository, commit, path].join(' ');
  return {
    all: () => [...rows.values()],
    add: (file) => void rows.set(keyOf(file), file),
    drop: (file) => void rows.delete(keyOf(file)),
  };
}

/** For backends that share nothing. */
export const sharesNothing = (): Pick<PerformContext, 'sharedFiles' | 'isStored'> => ({
  sharedFiles: createSharedFiles(),
  isStored: async () => false,
});
