// Brings a model into the cache under its name. Cut off anywhere, what is there is ours and the old
// version still whole: first the name and the files are put on record, then come the bytes, then the
// ref, and only then goes what was there before.
import {
  type HuggingFaceCache,
  huggingFaceCache,
} from '../../artifacts/stores/huggingface/index.ts';
import type { CacheFile } from '../../artifacts/stores/huggingface/layout.ts';
import type { PutResult } from '../../artifacts/stores/huggingface/write.ts';
import { assert } from '../../core/assert.ts';
import type { PullAction } from '../../core/plan.ts';
import { ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { changedMeanwhile } from '../failures.ts';
import { refKept, withoutCommit } from './failures.ts';
import { letGo, ownership, sharedFile } from './let-go.ts';
import { isWhole, wholeVersion } from './look.ts';
import { changeName, readNames, type Version } from './names.ts';
import type { Place } from './place.ts';
import { bytesOf, detailsOf, sameVersion, versionOf } from './translate.ts';

export async function bring(
  place: Place,
  action: PullAction,
  context: PerformContext,
): Promise<Performed> {
  const { io, signal } = context;
  signal.throwIfAborted();
  const { name, artifact, replaces } = action;
  const wanted = versionOf(artifact);
  if (wanted === null) throw new ProblemError(withoutCommit(artifact.source));
  const cache = huggingFaceCache(io, place.cache);
  const stored = (await readNames(place, io)).get(name);
  const there = stored === undefined ? null : await wholeVersion(cache, stored);
  if (there !== null && there.digest !== wanted.digest && there.digest !== replaces) {
    throw new ProblemError(changedMeanwhile(name, there.digest));
  }
  const result = { digest: wanted.digest, details: detailsOf(wanted) };
  if (stored?.isDone === true && there?.digest === wanted.digest) {
    return { ...result, outcome: 'unchanged', downloadedBytes: 0 };
  }
  const isOurs = ownership(place, context);
  const isFound =
    (await isWhole(cache, wanted)) && !wanted.files.some(({ path }) => isOurs(wanted, path));
  const before = (stored?.versions ?? []).filter((one) => !sameVersion(one, wanted));
  await changeName(place, io, name, { versions: [wanted, ...before], isDone: false });
  await claim(place, cache, wanted, context);
  const { put, downloadedBytes } = await putFiles(place, cache, wanted, action, context);
  await changeName(place, io, name, { versions: [wanted], isDone: false });
  await letGo(place, before, 'stays', context);
  await changeName(place, io, name, { versions: [wanted], isDone: true });
  const { repository, ref, commit } = wanted;
  return {
    ...result,
    // Whoever brought all of it has to agree before it goes.
    outcome: isFound ? 'unchanged' : 'pulled',
    downloadedBytes,
    ...(put.ref === 'kept' && ref !== null ? { problem: refKept(repository, ref, commit) } : {}),
  };
}

/** What is not there yet is ours, from before it is. */
async function claim(
  place: Place,
  cache: HuggingFaceCache,
  version: Version,
  { sharedFiles }: PerformContext,
): Promise<void> {
  const { repository, commit } = version;
  for (const file of version.files) {
    if ((await cache.findFile({ repository, commit, path: file.path })) !== null) continue;
    sharedFiles.add(sharedFile(place, version, file));
  }
}

async function putFiles(
  place: Place,
  cache: HuggingFaceCache,
  version: Version,
  { artifact }: PullAction,
  context: PerformContext,
): Promise<{ readonly put: PutResult; readonly downloadedBytes: number }> {
  const { repository, commit, ref, files } = version;
  const { signal } = context;
  const totalBytes = bytesOf(version);
  const isOurs = ownership(place, context);
  let downloadedBytes = 0;
  let storedBytes = 0;
  let toldBytes = 0;
  // Each file is obtained, and then looked through once more: told once, as it gets on.
  const tell = (bytes: number): void => {
    toldBytes = Math.max(toldBytes, bytes);
    context.onBytes(toldBytes, totalBytes);
  };
  const put = await cache.put({
    repository,
    commit,
    files,
    signal,
    ...(ref === null ? {} : { ref: { name: ref, moves: await mayMove(cache, version, isOurs) } }),
    isOurs: (path) => isOurs(version, path),
    obtain: async ({ path }: CacheFile) => {
      const file = artifact.files.find((one) => one.path === path);
      assert(file !== undefined, `${path} is a file of ${artifact.source}`);
      const obtained = await context.obtain(artifact, file, (bytes) => tell(storedBytes + bytes));
      downloadedBytes += obtained.downloadedBytes;
      return { path: obtained.path, shareable: obtained.isUnchanging };
    },
    onBytes: (completedBytes) => {
      storedBytes = completedBytes;
      tell(completedBytes);
    },
  });
  return { put, downloadedBytes };
}

/** A branch moves on with us where we brought all that it leads to. */
async function mayMove(
  cache: HuggingFaceCache,
  { repository, commit, ref }: Version,
  isOurs: ReturnType<typeof ownership>,
): Promise<boolean> {
  const from = ref === null ? null : await cache.readRef(repository, ref);
  if (from === null || from === commit) return true;
  const { repositories } = await cache.scan();
  const known = repositories.find(({ type, id }) => type === 'models' && id === repository);
  const led = known?.revisions.find((one) => one.commit === from);
  return (
    known?.complete === true &&
    (led?.files.every(({ path }) => isOurs({ repository, commit: from }, path)) ?? true)
  );
}
