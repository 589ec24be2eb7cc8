// What is in the cache, whoever put it there. Reads names, sizes and refs, hashes nothing, follows
// no link out of a repository, and ends after a bounded number of names. What cannot be read is a
// warning beside what can.
import { join } from 'node:path';
import { mapBounded } from '../../../core/concurrency.ts';
import { ProblemError } from '../../../core/problem.ts';
import { errorCode } from '../../../io/error-code.ts';
import { fileProblem } from '../../file-problem.ts';
import { type RepositoryName, repositoryOf } from './layout.ts';
import { readRepository } from './scan-repository.ts';
import type { CachedRepository, CacheScan } from './scanned.ts';
import type { CacheStore } from './store.ts';
import { scanWarnings } from './warnings.ts';

const repositoriesMax = 10_000;
const repositoriesAtOnceMax = 8;

/** No folder is an empty cache. Throws ProblemError when the folder cannot be read. */
export async function scanCache(store: CacheStore): Promise<CacheScan> {
  const found = await repositoryFolders(store);
  const read = found.slice(0, repositoriesMax);
  const repositories = await mapBounded(read, repositoriesAtOnceMax, ({ path, name }) =>
    scanRepository(store, path, name),
  );
  return { path: store.path, repositories, complete: read.length === found.length };
}

/** Folders of the cache that are named as repositories are, of any type; sorted. As above. */
export async function repositoryFolders(
  store: CacheStore,
): Promise<readonly { readonly path: string; readonly name: RepositoryName }[]> {
  const entries = await store.io.files.list(store.path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw new ProblemError(fileProblem(error, `read ${store.path}`), { cause: error });
  });
  return entries.flatMap((entry) => {
    const name = entry.kind === 'folder' ? repositoryOf(entry.name) : null;
    return name === null ? [] : [{ path: join(store.path, entry.name), name }];
  });
}

/** One that cannot be read is there, not complete, and has a warning. */
async function scanRepository(
  store: CacheStore,
  path: string,
  name: RepositoryName,
): Promise<CachedRepository> {
  try {
    return await readRepository(store, path, name);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const warnings = scanWarnings('not-all-read', path, [`the folder (${code})`]);
    return {
      ...name,
      path,
      revisions: [],
      blobs: [],
      partials: [],
      danglingRefs: [],
      bytes: 0,
      complete: false,
      warnings,
    };
  }
}
