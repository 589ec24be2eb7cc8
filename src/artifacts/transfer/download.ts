// One file over the network into the staging folder. What is there of it is hashed and kept; the
// rest is fetched, hashed on its way to the disk, and the whole gets its final name only with the
// right digest. A crash at any point leaves a partial that the next run goes on with.
import { createHash, type Hash } from 'node:crypto';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { type Digest, digestHex } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import type { Io } from '../../io/io.ts';
import { fileProblem } from '../file-problem.ts';
import { hashFile, rememberHash } from '../hash-file.ts';
import { discard } from '../http/body.ts';
import type { Routes } from '../registries/route.ts';
import type { OpenedFile } from '../source.ts';
import { sourceFor } from '../sources/index.ts';
import type { ObtainedFile } from './obtained.ts';
import { cutShort, wrongDigest, wrongSize } from './problems.ts';
import type { Call } from './share-work.ts';

export interface DownloadContext extends Call {
  readonly io: Io;
  readonly folder: string;
  readonly routes: Routes;
  /** Absolute. */
  readonly staging: string;
}

interface Paths {
  readonly final: string;
  readonly partial: string;
  /** Holds what names the version that the partial is of, for a server to compare. */
  readonly validator: string;
}

const validatorBytesMax = 4_096;

/** Throws ProblemError. */
export async function download(
  artifact: Artifact,
  file: ArtifactFile,
  context: DownloadContext,
): Promise<ObtainedFile> {
  const final = `${context.staging}/${digestHex(file.digest)}`;
  const paths = { final, partial: `${final}.partial`, validator: `${final}.validator` };
  try {
    if (await isStaged(paths.final, file, context)) {
      context.onBytes(file.bytes, file.bytes);
      return { path: paths.final, downloadedBytes: 0 };
    }
    const first = await attempt(artifact, file, paths, context);
    if (first.digest === file.digest)
      return await finish(file, paths, first.downloadedBytes, context);
    await forget(paths, context);
    if (!first.resumed) throw new ProblemError(wrongDigest(artifact, file, first.digest));
    // The part from before may have been at fault, as after a power cut: once more, from nothing.
    const second = await attempt(artifact, file, paths, context);
    const downloadedBytes = first.downloadedBytes + second.downloadedBytes;
    if (second.digest === file.digest) return await finish(file, paths, downloadedBytes, context);
    await forget(paths, context);
    throw new ProblemError(wrongDigest(artifact, file, second.digest));
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(fileProblem(error, `write to ${context.staging}`), { cause: error });
  }
}

async function isStaged(
  path: string,
  file: ArtifactFile,
  context: DownloadContext,
): Promise<boolean> {
  const { files } = context.io;
  const stat = await files.stat(path);
  if (stat === null) return false;
  if (stat.kind === 'file' && stat.bytes === file.bytes) {
    if ((await hashFile(files, path, stat, { signal: context.signal })) === file.digest)
      return true;
  }
  await files.remove(path);
  return false;
}

interface Attempt {
  readonly digest: Digest;
  readonly downloadedBytes: number;
  /** Whether any of it was there before. */
  readonly resumed: boolean;
}

/** Completes the partial. What is in it afterwards is as long as it should be, and hashed. */
async function attempt(
  artifact: Artifact,
  file: ArtifactFile,
  paths: Paths,
  context: DownloadContext,
): Promise<Attempt> {
  const { files } = context.io;
  const hash = createHash('sha256');
  const present = await hashPartial(paths.partial, file, hash, context);
  if (present > 0 && present === file.bytes) {
    return { digest: digestOf(hash), downloadedBytes: 0, resumed: true };
  }
  const opened = await open(artifact, file, paths, present, context);
  const start = opened.start;
  if (opened.totalBytes !== null && opened.totalBytes !== file.bytes) {
    // What is there stays: it may be a page that a proxy or a server in trouble sends instead.
    await discard(opened.bytes);
    throw new ProblemError(wrongSize(artifact, file, opened.totalBytes));
  }
  const whole = start === 0 ? createHash('sha256') : hash;
  let completed = start;
  const counted = count(opened, file.bytes, whole, context, (bytes) => {
    completed = bytes;
  });
  try {
    await files.makeFolder(context.staging);
    if (start === 0) {
      await forget(paths, context);
      if (opened.validator !== null) await files.writeAtomic(paths.validator, opened.validator);
    }
    await files.appendStream(paths.partial, counted);
  } catch (error) {
    await discard(opened.bytes); // if the disk failed before the first byte was read
    throw error;
  }
  if (completed > file.bytes) {
    await forget(paths, context);
    throw new ProblemError(wrongSize(artifact, file, completed));
  }
  if (completed < file.bytes) throw new ProblemError(cutShort(artifact, file, completed));
  return { digest: digestOf(whole), downloadedBytes: completed - start, resumed: start > 0 };
}

/** How many bytes there are already; a partial that cannot be one is removed. */
async function hashPartial(
  path: string,
  file: ArtifactFile,
  hash: Hash,
  context: DownloadContext,
): Promise<number> {
  const { files } = context.io;
  const stat = await files.stat(path);
  if (stat === null) return 0;
  if (stat.kind !== 'file' || stat.bytes > file.bytes) {
    await files.remove(path);
    return 0;
  }
  let bytes = 0;
  for await (const chunk of files.readStream(path)) {
    context.signal.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
  }
  context.onBytes(bytes, file.bytes);
  return bytes;
}

async function open(
  artifact: Artifact,
  file: ArtifactFile,
  paths: Paths,
  present: number,
  context: DownloadContext,
): Promise<OpenedFile> {
  const source = sourceFor(artifact.source);
  if (!source.ok) throw new ProblemError(source.problems[0] ?? cutShort(artifact, file, 0));
  const { io, signal } = context;
  const readable = source.value.open(artifact, file, context);
  if (present === 0) return readable.read({ signal });
  const recorded =
    (await io.files.stat(paths.validator)) === null
      ? null
      : Buffer.from(await io.files.readBytes(paths.validator, validatorBytesMax)).toString(
          'latin1',
        );
  return readable.read({
    signal,
    range: { start: present },
    ...(recorded === null ? {} : { validator: recorded }),
  });
}

/** Passes bytes on until there are more than there may be; nothing beyond is written. */
async function* count(
  opened: OpenedFile,
  bytesMax: number,
  hash: Hash,
  context: DownloadContext,
  onCount: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let bytes = opened.start;
  for await (const chunk of opened.bytes) {
    context.signal.throwIfAborted();
    bytes += chunk.length;
    onCount(bytes);
    if (bytes > bytesMax) return;
    hash.update(chunk);
    yield chunk;
    context.onBytes(bytes, bytesMax);
  }
}

async function finish(
  file: ArtifactFile,
  paths: Paths,
  downloadedBytes: number,
  context: DownloadContext,
): Promise<ObtainedFile> {
  const { files } = context.io;
  await files.rename(paths.partial, paths.final);
  await files.remove(paths.validator);
  const stat = await files.stat(paths.final);
  if (stat !== null) rememberHash(files, paths.final, { ...stat, digest: file.digest });
  return { path: paths.final, downloadedBytes };
}

async function forget(paths: Paths, context: DownloadContext): Promise<void> {
  await context.io.files.remove(paths.partial);
  await context.io.files.remove(paths.validator);
}

const digestOf = (hash: Hash): Digest => `sha256:${hash.digest('hex')}`;
