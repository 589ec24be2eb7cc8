// Puts a set into one OCI image layout, folder or tar: its manifests and lock as they are, and the
// locked bytes of its models, from this machine where they are here and else over the network. It
// changes no engine, and moves nothing in the lock.
import { resolve } from 'node:path';
import type { WriteContext } from './artifacts/bundle/bring.ts';
import type { BundleContent, BundledModel } from './artifacts/bundle/content.ts';
import { assureSpace } from './artifacts/bundle/space.ts';
import { writeFolder } from './artifacts/bundle/write-folder.ts';
import { writeTar } from './artifacts/bundle/write-tar.ts';
import { fileProblem } from './artifacts/file-problem.ts';
import type { LocalStore } from './artifacts/stores/local.ts';
import { createObtain, type Obtain } from './artifacts/transfer/obtain.ts';
import { type BundleSelection, chosenModels, contentOf, unfit } from './bundle-content.ts';
import { type Digest, parseDigest } from './core/digest.ts';
import { errorProblem, type Problem, ProblemError } from './core/problem.ts';
import { homeOf } from './io/home.ts';
import { localStores } from './local-stores.ts';
import { type DeclaredSet, readDeclaredSet } from './locking/declared-set.ts';
import { lockingContext, type SourcesContext } from './locking-context.ts';
import { underMachineLock } from './machine-lock.ts';
import type { Ledger } from './record/ledger.ts';
import { unlockedCode } from './resolve/lock-gap.ts';

export interface BundleRequest extends BundleSelection {
  /** Files, folders or globs, as with `-f`; a bundle of standard input is refused. */
  readonly inputs: readonly string[];
  /** Where it goes: a folder, or a tar archive when it ends in `.tar`. Relative to the working folder. */
  readonly path: string;
  /** Bytes per second that are fetched at most; in the place of the Host's. */
  readonly rateLimit?: number;
  /** Milliseconds to wait for another process's lock. Default 0. */
  readonly lockTimeoutMs?: number;
}

/** How far the bytes are, for whoever watches. */
export interface CopyProgress {
  /** The file that is worked on, as `chat: model.gguf`; null before the first one. */
  readonly file: string | null;
  readonly completedBytes: number;
  readonly totalBytes: number;
}

export interface BundledLine {
  readonly model: string;
  readonly target: string;
  readonly source: string;
  readonly bytes: number;
}

export interface Bundled {
  /** Absolute; null when there is no bundle. */
  readonly path: string | null;
  readonly models: readonly BundledLine[];
  /** Of all files of models in it, each digest once. */
  readonly bytes: number;
  /** Of those that this run had to write. */
  readonly writtenBytes: number;
  readonly problems: readonly Problem[];
  /** 1 invalid, 3 bytes could not be had or written, 5 another process holds the lock, 6 not locked. */
  readonly exitCode: 0 | 1 | 3 | 5 | 6 | 130;
}

export interface BundleContext extends SourcesContext {
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** Expected failures are in the result; it rejects only for bugs. What was written is gone on with. */
export async function bundle(request: BundleRequest, context: BundleContext): Promise<Bundled> {
  try {
    const path = pathOf(request.path, context);
    const set = await readDeclaredSet(request.inputs, lockingContext(context, request.rateLimit));
    if (!set.ok) return stopped(set.problems, 1);
    const problem = unfit(set.value);
    if (problem !== null) return stopped([...set.problems, problem], codeOf(problem));
    const chosen = chosenModels(request, set.value);
    if (!chosen.ok) return stopped([...set.problems, ...chosen.problems], 1);
    const content = await contentOf(set.value, chosen.value, context.io);
    const work = { path, content, set: set.value, chosen: chosen.value };
    const command = `modelctl bundle -f ${request.inputs.join(' -f ')}`;
    const { value, problems } = await underMachineLock(
      { command, timeoutMs: request.lockTimeoutMs ?? 0 },
      context,
      ({ io, ...ledgers }) => write(work, ledgers, { ...context, io }),
    );
    return {
      path,
      models: chosen.value.map(lineOf),
      bytes: bytesOf(content.files),
      writtenBytes: value,
      problems: [...set.problems, ...problems],
      exitCode: 0,
    };
  } catch (error) {
    if (context.signal.aborted) return stopped([], 130);
    const problem = fileProblem(error, `write ${request.path}`);
    return stopped([problem], codeOf(problem));
  }
}

function pathOf(given: string, { io }: BundleContext): string {
  const packed = /\.(tar\.\w+|tgz|tzst|zip)$/i.test(given);
  if (given !== '-' && given !== '' && !packed) return resolve(io.environment.workingFolder, given);
  const why =
    given === '-'
      ? 'A bundle that is cut off is gone on with, which a pipe cannot.'
      : 'Weights do not get smaller when they are packed.';
  throw new ProblemError(
    errorProblem({
      code: 'cli/invalid-out',
      summary: 'A bundle cannot be written there',
      detail: `--out ${given} is neither a folder nor a file that ends in .tar. ${why}`,
      remedy: 'Name a folder, or a file: --out models.tar',
    }),
  );
}

interface Work {
  readonly path: string;
  readonly content: BundleContent;
  readonly set: DeclaredSet;
  readonly chosen: readonly BundledModel[];
}

/** Bytes that were written. */
async function write(
  { path, content, set, chosen }: Work,
  { known, notes }: { readonly known: Ledger; readonly notes: Ledger },
  context: BundleContext,
): Promise<number> {
  const { io, signal, onProgress = () => undefined } = context;
  const { cache } = homeOf(io.environment);
  const stores = localStores(known.backends(), io);
  const transfers = createObtain({
    io,
    cacheFolder: cache,
    folderOf: () => set.state.folder,
    routes: set.context.routes,
    journal: notes.journal,
    stores,
  });
  const staged = await stagedIn(transfers.folder, context);
  const totalBytes = bytesOf(content.files);
  const owners = new Map(
    chosen.flatMap(({ model, artifact }) => artifact.files.map(({ digest }) => [digest, model])),
  );
  let completedBytes = 0;
  let file: string | null = null;
  const writing: WriteContext = {
    io,
    signal,
    obtain: async ({ artifact, file: wanted }) => {
      const call = { signal, onBytes: () => undefined };
      return transfers.obtain(artifact, wanted, call);
    },
    reserve: (missing, bytes) => reserve({ missing, bytes, path, cache, stores }, context),
    onFile: (one) => {
      file = `${owners.get(one.file.digest) ?? ''}: ${one.file.path}`;
      onProgress({ file, completedBytes, totalBytes });
    },
    onBytes: (bytes) => {
      completedBytes += bytes;
      onProgress({ file, completedBytes, totalBytes });
    },
  };
  const isTar = path.endsWith('.tar');
  const { written } = await (isTar ? writeTar : writeFolder)(
    path,
    content,
    sparing(writing, transfers, staged),
  );
  await transfers.sweep(staged);
  const isWritten = new Set(written);
  return bytesOf(content.files.filter((one) => isWritten.has(one.file.digest)));
}

/** What was fetched for a file goes when the next one begins: it is in the bundle by then. */
function sparing(
  writing: WriteContext,
  transfers: Obtain,
  staged: ReadonlySet<Digest>,
): WriteContext {
  return {
    ...writing,
    obtain: async (one) => {
      await transfers.sweep(staged);
      return writing.obtain(one);
    },
  };
}

/** What earlier runs have left in the staging folder for later ones, which is not ours to remove. */
async function stagedIn(
  folder: string,
  { io: { files } }: BundleContext,
): Promise<ReadonlySet<Digest>> {
  if ((await files.stat(folder)) === null) return new Set();
  return new Set((await files.list(folder)).flatMap(({ name }) => parseDigest(name) ?? []));
}

interface Reservation {
  readonly missing: BundleContent['files'];
  /** What the bundle itself still needs. */
  readonly bytes: number;
  readonly path: string;
  readonly cache: string;
  readonly stores: readonly LocalStore[];
}

/** What has to be fetched is in the cache for a time, one file after the other. */
async function reserve(
  { missing, bytes, path, cache, stores }: Reservation,
  { io }: BundleContext,
): Promise<void> {
  let largest = 0;
  for (const { artifact, file } of missing) {
    if (artifact.source.startsWith('file:')) continue;
    const found = await Promise.all(stores.map((store) => store.find(file.digest, file.bytes)));
    if (found.every((one) => one === null)) largest = Math.max(largest, file.bytes);
  }
  await assureSpace(io, [
    { path, bytes },
    { path: cache, bytes: largest },
  ]);
}

const bytesOf = (files: BundleContent['files']): number =>
  files.reduce((sum, { file }) => sum + file.bytes, 0);

const lineOf = ({ model, target, artifact }: BundledModel): BundledLine => ({
  model,
  target,
  source: artifact.source,
  bytes: artifact.files.reduce((sum, { bytes }) => sum + bytes, 0),
});

function codeOf({ code }: Problem): Bundled['exitCode'] {
  if (code === unlockedCode) return 6;
  if (code === 'record/locked') return 5;
  return /^(cli|manifest|lock|resolve)\//.test(code) ? 1 : 3;
}

const stopped = (problems: readonly Problem[], exitCode: Bundled['exitCode']): Bundled => ({
  path: null,
  models: [],
  bytes: 0,
  writtenBytes: 0,
  problems,
  exitCode,
});
