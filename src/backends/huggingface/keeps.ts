// Where in the cache the files of wanted names stand: the blobs that the snapshots lead to, or the
// files in the snapshots where there are no links. Reads names only.
import { fileProblem } from '../../artifacts/file-problem.ts';
import {
  type HuggingFaceCache,
  huggingFaceCache,
} from '../../artifacts/stores/huggingface/index.ts';
import {
  blobName,
  blobPath,
  type CacheFile,
  repositoryFolder,
  temporaryPath,
} from '../../artifacts/stores/huggingface/layout.ts';
import { mapBounded } from '../../core/concurrency.ts';
import type { DesiredPlacement } from '../../core/desired.ts';
import { digestHex } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';
import type { BackendContext, Kept, KeptFile } from '../backend.ts';
import { type Names, readNames, type Version } from './names.ts';
import type { Place } from './place.ts';

const looksAtOnceMax = 16;

export async function keeps(
  place: Place,
  placements: readonly DesiredPlacement[],
  { io }: BackendContext,
): Promise<ReadonlyMap<string, Kept>> {
  const cache = huggingFaceCache(io, place.cache);
  try {
    const names = await readNames(place, io);
    const kept = await mapBounded(
      placements,
      looksAtOnceMax,
      async (one) => [one.name, await keptAs(one, names, cache, io.processes.pid)] as const,
    );
    return new Map(kept);
  } catch (error) {
    if (errorCode(error) === undefined && !(error instanceof ProblemError)) throw error;
    const problem = fileProblem(error, `read ${place.cache}`);
    return new Map(placements.map(({ name }) => [name, { kind: 'closed', problem }]));
  }
}

async function keptAs(
  { name, digest }: DesiredPlacement,
  names: Names,
  cache: HuggingFaceCache,
  writer: number,
): Promise<Kept> {
  const [newest] = names.get(name)?.versions ?? [];
  if (newest === undefined) return { kind: 'absent' };
  if (newest.digest !== digest) return { kind: 'other' };
  const files: KeptFile[] = [];
  for (const file of newest.files) files.push(await keptFile(cache, newest, file, writer));
  return { kind: 'files', files };
}

/** What is not there would stand where we would put it. */
async function keptFile(
  cache: HuggingFaceCache,
  { repository, commit }: Version,
  file: CacheFile,
  writer: number,
): Promise<KeptFile> {
  const folder = repositoryFolder(cache.path, repository);
  const found = await cache.findFile({ repository, commit, path: file.path });
  const path =
    found !== null && found.blob === null
      ? found.path
      : blobPath(folder, found?.blob ?? blobName(file));
  return {
    path,
    file: file.path,
    digest: file.digest,
    bytes: file.bytes,
    temporary: temporaryPath(folder, writer, digestHex(file.digest)),
    mayShare: true,
  };
}
