// Takes a bundle in, without any network: every blob is verified on its way into a store of this
// machine, then the manifests and the lock are put into a folder, from where `apply --locked` brings
// the models to the engines as it always does. Nothing has a name before all of its bytes are right.
import { resolve } from 'node:path';
import { bundleContent, namedModels } from './artifacts/bundle/content.ts';
import { type OpenBundle, openBundle } from './artifacts/bundle/open.ts';
import { damaged } from './artifacts/bundle/problems.ts';
import { type BundledSet, referencesOf, setIn } from './artifacts/bundle/set-in.ts';
import { assureSpace } from './artifacts/bundle/space.ts';
import { takeBlob } from './artifacts/bundle/take-blob.ts';
import { fileProblem } from './artifacts/file-problem.ts';
import { hasBlob, type OciStore } from './artifacts/stores/oci/blobs.ts';
import { modelImage } from './artifacts/stores/oci/image.ts';
import { blobPath } from './artifacts/stores/oci/layout.ts';
import { findName } from './artifacts/stores/oci/read.ts';
import { dropTemporaries, dropUnnamed } from './artifacts/stores/oci/sweep.ts';
import { putImage, removeName } from './artifacts/stores/oci/write.ts';
import { restoredFolder, restoredName } from './artifacts/stores/restored.ts';
import type { BundledLine, CopyProgress } from './bundle.ts';
import { artifactBytes } from './core/artifact.ts';
import type { Digest } from './core/digest.ts';
import { type Problem, ProblemError, warningProblem } from './core/problem.ts';
import { homeOf } from './io/home.ts';
import type { Io } from './io/io.ts';
import { underMachineLock } from './machine-lock.ts';
import type { Ledger } from './record/ledger.ts';
import { intoCache } from './restored-cache.ts';
import { chosenLines, type Line, linesIn } from './restored-lines.ts';
import { checkPlace, type Place, writePlace } from './restored-place.ts';

export interface RestoreRequest {
  /** Of the bundle, folder or tar. Relative to the working folder. */
  readonly path: string;
  /** Names of Models whose bytes are wanted; default: all that are in it. */
  readonly models?: readonly string[];
  /** Where manifests and lock go. Default: the working folder. */
  readonly to?: string;
  /** Replace manifests and a lock of the same set that say something else. */
  readonly overwrite?: boolean;
  /** Milliseconds to wait for another process's lock. Default 0. */
  readonly lockTimeoutMs?: number;
}

export interface RestoredLine extends BundledLine {
  /** Absolute: the store that has the bytes now. */
  readonly store: string;
}

export interface Restored {
  /** Absolute: the folder with manifests and lock; null when nothing was restored. */
  readonly folder: string | null;
  /** Absolute: the manifests, for `-f`. */
  readonly manifests: readonly string[];
  readonly models: readonly RestoredLine[];
  /** Models whose bytes are not here: their lines of the lock are in the bundle alone. */
  readonly absent: readonly string[];
  readonly problems: readonly Problem[];
  /** 1 invalid, 3 the bundle or the disk is at fault, 5 another process holds the lock, 6 refused. */
  readonly exitCode: 0 | 1 | 3 | 5 | 6 | 130;
}

export interface RestoreContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** Expected failures are in the result; it rejects only for bugs. Safe to repeat. */
export async function restore(request: RestoreRequest, context: RestoreContext): Promise<Restored> {
  const { io, signal } = context;
  try {
    const path = resolve(io.environment.workingFolder, request.path);
    const open = await openBundle(io, path, signal);
    const set = await setIn(open);
    const found = await linesIn(open, set, signal);
    const lines = chosenLines(found.lines, request.models ?? null);
    if (!lines.ok) return stopped(lines.problems, 1);
    await checkImages(open, set, found);
    const folder = resolve(io.environment.workingFolder, request.to ?? '.');
    const place = { folder, set: found.set, lock: set.lock, manifests: set.manifests };
    await checkPlace(place, request.overwrite === true, io);
    const command = `modelctl restore ${request.path}`;
    const { value, problems } = await underMachineLock(
      { command, timeoutMs: request.lockTimeoutMs ?? 0 },
      context,
      ({ known, io: noting }) =>
        install({ open, place, lines: lines.value }, known, { ...context, io: noting }),
    );
    const here = new Set(found.lines.map(({ model }) => model));
    const absent = found.all.flatMap(({ model }) => (here.has(model) ? [] : [model]));
    return { ...value, absent: [...new Set(absent)], problems: [...value.problems, ...problems] };
  } catch (error) {
    if (signal.aborted) return stopped([], 130);
    const problem = fileProblem(error, `restore ${request.path}`);
    return stopped([problem], codeOf(problem));
  }
}

/** The images that the index lists are those that the lock makes, and whole. */
async function checkImages(
  open: OpenBundle,
  set: BundledSet,
  { set: id, lines }: { readonly set: string; readonly lines: readonly Line[] },
): Promise<void> {
  const { texts, files } = bundleContent({ ...set, set: id, models: lines });
  const known = new Set([...texts.keys(), ...files.map(({ file }) => file.digest)]);
  for (const { digest } of set.models) {
    const references = await referencesOf(open, digest);
    if (references?.every((one) => known.has(one)) !== true) {
      throw damaged(open.path, `The image ${digest} is not what the lock makes of its model.`);
    }
  }
  for (const digest of texts.keys()) await open.text(digest, textBytesMax);
}

const textBytesMax = 256 * 1024 * 1024;

interface Work {
  readonly open: OpenBundle;
  readonly place: Place;
  readonly lines: readonly Line[];
}

async function install(
  { open, place, lines }: Work,
  ledger: Ledger,
  context: RestoreContext,
): Promise<Omit<Restored, 'absent'>> {
  const { io, signal } = context;
  const store: OciStore = { path: restoredFolder(homeOf(io.environment).cache), io };
  try {
    await dropTemporaries(store);
    await takeAll(open, lines, store, context);
  } catch (error) {
    // A bundle that is damaged leaves nothing; one that was only interrupted is gone on with.
    if (error instanceof ProblemError && error.problem.code === 'bundle/damaged') {
      await dropUnnamed(store);
    }
    throw error;
  }
  const problems: Problem[] = [];
  const models: RestoredLine[] = [];
  const cached: { readonly name: string; readonly digest: Digest }[] = [];
  for (const line of namedModels(lines)) {
    const { artifact, model, target } = line;
    const name = restoredName(place.set, line.name);
    const digest = await nameImage(store, name, artifact, signal);
    const { folder, problem } = await intoCache(artifact, store, io, signal);
    if (problem !== null) problems.push(problem);
    if (folder !== null) cached.push({ name, digest });
    const bytes = artifactBytes(artifact);
    models.push({ model, target, source: artifact.source, bytes, store: folder ?? store.path });
  }
  await writePlace(place, io);
  // What the cache has for good: until the lock was there, a second run could have needed it here.
  for (const { name, digest } of cached) await removeName(store, name, digest);
  const elsewhere = ledger.setRecord(place.set)?.location ?? place.folder;
  if (elsewhere !== place.folder) problems.push(livesElsewhere(elsewhere, place.folder));
  const manifests = place.manifests.map(({ path }) => resolve(place.folder, ...path.split('/')));
  return { folder: place.folder, manifests, models, problems, exitCode: 0 };
}

/** All blobs before any of them has a name. */
async function takeAll(
  open: OpenBundle,
  lines: readonly Line[],
  store: OciStore,
  { io, signal, onProgress = () => undefined }: RestoreContext,
): Promise<void> {
  const all = new Map(
    lines.flatMap(({ model, artifact }) =>
      artifact.files.map((file) => [file.digest, { file, of: model }] as const),
    ),
  );
  const missing: { readonly file: Line['artifact']['files'][number]; readonly of: string }[] = [];
  for (const one of all.values()) {
    const place = await open.locate(one.file.digest);
    if (place === null) throw damaged(open.path, `The blob ${one.file.digest} is missing.`);
    if (place.bytes !== one.file.bytes) {
      throw damaged(
        open.path,
        `The blob ${one.file.digest} has ${place.bytes} bytes; locked are ${one.file.bytes}.`,
      );
    }
    if (!(await hasBlob(store, one.file.digest, one.file.bytes))) missing.push(one);
  }
  const totalBytes = missing.reduce((sum, { file }) => sum + file.bytes, 0);
  await assureSpace(io, [{ path: store.path, bytes: totalBytes }]);
  let completedBytes = 0;
  for (const { file, of } of missing) {
    const name = `${of}: ${file.path}`;
    onProgress({ file: name, completedBytes, totalBytes });
    await takeBlob(open, store, file, {
      signal,
      onBytes: (bytes) => {
        onProgress({ file: name, completedBytes: completedBytes + bytes, totalBytes });
      },
    });
    completedBytes += file.bytes;
  }
}

async function nameImage(
  store: OciStore,
  name: string,
  artifact: Line['artifact'],
  signal: AbortSignal,
): Promise<Digest> {
  const there = await findName(store, name);
  const image = modelImage(artifact, {});
  await putImage(store, {
    name,
    image,
    load: {},
    replaces: there?.digest ?? null,
    obtain: async (digest) => ({ path: blobPath(store.path, digest), isUnchanging: true }),
    onBytes: () => undefined,
    signal,
  });
  return image.digest;
}

const livesElsewhere = (location: string, folder: string): Problem =>
  warningProblem({
    code: 'bundle/lives-elsewhere',
    summary: 'This set lives elsewhere on this machine',
    detail:
      `The ledger knows it from ${location}. Applied from ${folder} it installs and updates what ` +
      'it declares, and prunes nothing, since the other folder may still be in use.',
    remedy:
      'If this folder takes its place, say so once:\n\n    modelctl apply --locked --same-set',
  });

function codeOf({ code }: Problem): Restored['exitCode'] {
  if (code === 'record/locked') return 5;
  if (code === 'bundle/other-content' || code === 'bundle/other-set') return 6;
  return code === 'bundle/not-found' || code.startsWith('cli/') ? 1 : 3;
}

const stopped = (problems: readonly Problem[], exitCode: Restored['exitCode']): Restored => ({
  folder: null,
  manifests: [],
  models: [],
  absent: [],
  problems,
  exitCode,
});
