// Puts verified files and a locked manifest into an Ollama's own store, beside the running server,
// which takes everything from disk at each request. A file gets its name only when it is whole, and
// the manifest comes last, so that a crash leaves at most blobs that nothing refers to yet; the
// server clears those away like its own. Its unfinished downloads (`-partial`) are left alone.
import { join } from 'node:path';
import { fileProblem } from '../../artifacts/file-problem.ts';
import { hashFile, rememberHash } from '../../artifacts/hash-file.ts';
import { drafting } from '../../artifacts/stores/draft.ts';
import type { ObtainedFile } from '../../artifacts/transfer/obtained.ts';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { sha256Text } from '../../core/hash.ts';
import type { OllamaName } from '../../core/ollama-name.ts';
import { ProblemError } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';
import type { Io } from '../../io/io.ts';
import type { PerformContext } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { hasBlob } from './client.ts';
import type { Progress } from './replace.ts';
import {
  blobPath,
  blobsFolder,
  manifestParts,
  manifestPath,
  manifestsFolder,
  spelledAsStored,
} from './store.ts';
import { storeElsewhere, storeRefused } from './way-failures.ts';

const fileMode = 0o644;
const folderMode = 0o755;

/**
 * Puts a tiny blob of its own kind into the store, for the server to show, and removes it. What a
 * server shows that was not there before stands in its store. Throws ProblemError.
 */
export async function proveStore(
  engine: Engine,
  context: PerformContext,
  store: string,
): Promise<void> {
  const { files, drafts, random } = context.io;
  const content = `modelctl ${random.hex(16)}\n`;
  const digest = sha256Text(content);
  const path = blobPath(store, digest);
  const isShown = await drafting(context.io, path, async () => {
    const options = { mode: fileMode, drafts };
    try {
      await onStore(engine, store, () => files.writeAtomic(path, content, options));
      return await hasBlob(engine, context, digest);
    } finally {
      await onStore(engine, store, () => files.remove(path));
    }
  });
  if (!isShown) throw new ProblemError(storeElsewhere(engine.label, store));
}

/**
 * Leaves every file of the artifacts in the store, each with the content that its name says: what
 * is there already is read, and put anew where it is damaged. Throws ProblemError.
 */
export async function fillBlobs(
  engine: Engine,
  context: PerformContext,
  store: string,
  artifacts: readonly Artifact[],
  progress: Progress,
): Promise<void> {
  const files = artifacts.flatMap((artifact) => artifact.files.map((file) => ({ artifact, file })));
  const totalBytes = files.reduce((sum, { file }) => sum + file.bytes, 0);
  let completedBytes = 0;
  for (const { artifact, file } of files) {
    context.signal.throwIfAborted();
    const path = blobPath(store, file.digest);
    if (!(await onStore(engine, store, () => isRight(path, file, context)))) {
      const before = completedBytes;
      const obtained = await context.obtain(artifact, file, (bytes) =>
        context.onBytes(Math.min(before + bytes, totalBytes), totalBytes),
      );
      progress.downloadedBytes += obtained.downloadedBytes;
      await onStore(engine, store, () => put(obtained, path, file, store, context.io));
    }
    completedBytes += file.bytes;
    context.onBytes(completedBytes, totalBytes);
  }
}

async function isRight(
  path: string,
  file: ArtifactFile,
  { io: { files }, signal }: PerformContext,
): Promise<boolean> {
  const stat = await files.stat(path);
  if (stat?.kind !== 'file' || stat.bytes !== file.bytes) return false;
  return (await hashFile(files, path, stat, { signal })) === file.digest;
}

/** A temporary name that is no blob's: what a crash leaves is nothing to the server. */
async function put(
  { path: from, isTemporary }: ObtainedFile,
  to: string,
  { bytes, digest }: ArtifactFile,
  store: string,
  io: Io,
): Promise<void> {
  const { files } = io;
  const temporary = `${to}-modelctl-${io.random.hex(6)}`;
  await drafting(io, temporary, async () => {
    if (isTemporary !== true || !(await isLinked(files, from, temporary)))
      await files.clone(from, temporary);
    await files.giveLike(temporary, fileMode, blobsFolder(store));
    await files.rename(temporary, to);
  });
  const stat = await files.stat(to);
  if (stat?.bytes === bytes)
    rememberHash(files, to, { bytes, modifiedAt: stat.modifiedAt, digest });
}

const withoutLinks: ReadonlySet<string | undefined> = new Set([
  'EXDEV',
  'EPERM',
  'EMLINK',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
]);

async function isLinked(files: Io['files'], from: string, to: string): Promise<boolean> {
  try {
    await files.link(from, to);
    return true;
  } catch (error) {
    if (withoutLinks.has(errorCode(error))) return false;
    throw error;
  }
}

/**
 * Writes the manifest of a name, byte for byte, and returns where. Beside the folders of names, so
 * that nothing half written is ever where the server looks. Throws ProblemError.
 */
export function putManifest(
  engine: Engine,
  { io }: PerformContext,
  store: string,
  name: OllamaName,
  raw: string,
): Promise<string> {
  const { files, drafts, random } = io;
  return onStore(engine, store, async () => {
    const root = manifestsFolder(store);
    const spelled = await spelledAsStored(files, store, name);
    let folder = root;
    for (const part of manifestParts(spelled).slice(0, -1)) {
      folder = join(folder, part);
      if ((await files.stat(folder)) !== null) continue;
      await files.makeFolder(folder);
      await files.giveLike(folder, folderMode, root);
    }
    const temporary = join(root, `.modelctl-${random.hex(6)}`);
    const path = manifestPath(store, spelled);
    await drafting(io, temporary, async () => {
      await files.writeAtomic(temporary, raw, { mode: fileMode, drafts });
      await files.giveLike(temporary, fileMode, root);
      await files.rename(temporary, path);
    });
    return path;
  });
}

async function onStore<T>(engine: Engine, store: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new ProblemError(storeRefused(engine.label, store, code), { cause: error });
    if (code === undefined) throw error;
    throw new ProblemError(fileProblem(error, `write to ${store}`), { cause: error });
  }
}
