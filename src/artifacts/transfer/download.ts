// One file over the network into the staging folder. What an earlier run left of it is kept, the
// rest is fetched over several connections, all of it is hashed on the way, and it gets its final
// name only with the right digest. A crash at any point leaves a partial file and, in the journal,
// what of it can be relied on.
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { digestHex } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import { gapsIn, type Spans, spanBytes } from '../../core/span.ts';
import {
  type ProcessMark,
  reliableSpans,
  type TransferJournal,
  type TransferWish,
  type UnfinishedTransfer,
  type WantedBy,
} from '../../core/transfer.ts';
import type { Digested, Io } from '../../io/io.ts';
import { fileProblem } from '../file-problem.ts';
import { hashFile, rememberHash } from '../hash-file.ts';
import type { Routes } from '../registries/route.ts';
import type { ReadableFile } from '../source.ts';
import { sourceFor } from '../sources/index.ts';
import type { LocalStore } from '../stores/local.ts';
import { chunkBytes } from './chunks.ts';
import { fetchSpans, WholeFileError } from './fetch-spans.ts';
import type { ObtainedFile } from './obtained.ts';
import { cancelled, cutShort, wrongDigest, wrongSize } from './problems.ts';
import { recorder } from './recorder.ts';
import { reuse } from './reuse.ts';
import { noRoom } from './room.ts';
import type { Call } from './share-work.ts';

export interface DownloadContext extends Call {
  readonly io: Io;
  readonly folder: string;
  readonly routes: Routes;
  readonly wantedBy: WantedBy | null;
  readonly journal: TransferJournal;
  /** Asked before anything is fetched. */
  readonly stores: readonly LocalStore[];
  /** Absolute. */
  readonly staging: string;
}

/** What is known of one file while it is fetched. */
interface Work extends DownloadContext {
  readonly artifact: Artifact;
  readonly file: ArtifactFile;
  readonly final: string;
  readonly partial: string;
  readonly boot: string | null;
  readonly process: ProcessMark;
}

/** Ours alone, and gone when the run has ended. */
const staged = { isUnchanging: true, isTemporary: true } as const;

const connectionsMax = 16;

/** How long it may take until it is noticed that a person wants the end of it. */
const wishLookMs = 500;

/** Throws ProblemError. */
export async function download(
  artifact: Artifact,
  file: ArtifactFile,
  context: DownloadContext,
): Promise<ObtainedFile> {
  const final = `${context.staging}/${digestHex(file.digest)}`;
  const { io } = context;
  const { pid } = io.processes;
  const [boot, start] = await Promise.all([io.processes.bootId(), io.processes.startOf(pid)]);
  const partial = `${final}.partial`;
  const work = { ...context, artifact, file, final, partial, boot, process: { pid, start } };
  try {
    if (await isStaged(work)) {
      // A run that was cut off between giving it its name and this.
      if (work.journal.find(file.digest) !== null) work.journal.forget(file.digest);
      context.onBytes(file.bytes, file.bytes);
      return { path: final, downloadedBytes: 0, ...staged };
    }
    return (await reuse(file, context.stores, context)) ?? (await fetchWhole(work));
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ProblemError) throw error;
    throw new ProblemError(fileProblem(error, `write to ${context.staging}`), { cause: error });
  }
}

async function isStaged({ io, final, file, signal }: Work): Promise<boolean> {
  const { files } = io;
  const stat = await files.stat(final);
  if (stat === null) return false;
  if (stat.kind === 'file' && stat.bytes === file.bytes) {
    if ((await hashFile(files, final, stat, { signal })) === file.digest) return true;
  }
  await files.remove(final);
  return false;
}

/** What was there before may be at fault, as after a power cut: then once more, from nothing. */
async function fetchWhole(work: Work): Promise<ObtainedFile> {
  const { artifact, file } = work;
  const left = await leftOver(work);
  const first = await attempt(work, left);
  if (first.digest === file.digest) return finish(work, first, first.downloadedBytes);
  await forget(work);
  if (!first.resumed) throw new ProblemError(wrongDigest(artifact, file, first.digest));
  const second = await attempt(work, null);
  const downloadedBytes = first.downloadedBytes + second.downloadedBytes;
  if (second.digest === file.digest) return finish(work, second, downloadedBytes);
  await forget(work);
  throw new ProblemError(wrongDigest(artifact, file, second.digest));
}

/** A partial file and what the journal says of it: one without the other is of no use. */
async function leftOver(work: Work): Promise<UnfinishedTransfer | null> {
  const { journal, file, io, partial } = work;
  // First, so that nobody removes the file once it was seen.
  const known = journal.take(file.digest, work.process);
  const stat = await io.files.stat(partial);
  if (stat?.kind === 'file' && known !== null && known.bytes === file.bytes) {
    const lastEnd = known.written.at(-1)?.[1] ?? 0;
    if (stat.bytes >= lastEnd && stat.bytes <= file.bytes) return known;
  }
  await forget(work);
  return null;
}

interface Attempt extends Digested {
  readonly downloadedBytes: number;
  /** Whether any of it was there before. */
  readonly resumed: boolean;
}

async function attempt(work: Work, left: UnfinishedTransfer | null): Promise<Attempt> {
  try {
    return await complete(work, left, connectionsMax);
  } catch (error) {
    if (error instanceof CancelledError && error.wish === 'drop') await forget(work);
    if (!(error instanceof WholeFileError)) throw error;
    // The server knows no ranges, or has another version of the file by now.
    await forget(work);
    return complete(work, null, 1);
  }
}

/** Completes the partial file: all of it is there and hashed afterwards. */
async function complete(
  work: Work,
  left: UnfinishedTransfer | null,
  connections: number,
): Promise<Attempt> {
  const { file, io, partial, onBytes, boot, artifact } = work;
  const present: Spans = left === null ? [] : reliableSpans(left, boot);
  const before = spanBytes(present);
  const missing = gapsIn(present, file.bytes);
  let received = 0;
  const stop = new AbortController();
  const signal = AbortSignal.any([work.signal, stop.signal]);
  const record = recorder({
    ...work,
    subject: subjectOf(work),
    left,
    present,
    onWish: (wish) => stop.abort(new CancelledError(wish, artifact, file)),
    onFailure: (error) => stop.abort(error),
  });
  // Before there is a file: whoever sees the file finds out here whose it is.
  record.begin();
  const stopLooking = io.clock.every(wishLookMs, record.look);
  // Its thread starts while the server is asked.
  const opening = io.files.assemble(partial, {
    bytes: file.bytes,
    chunkBytes,
    present,
    onWritten: (span) => record.onWritten(span, opening),
  });
  // Whoever needs the file hears of a failure; until then nobody may be waiting for it.
  opening.catch(() => undefined);
  try {
    if (before > 0) onBytes(before, file.bytes);
    if (missing.length > 0) {
      await checkRoom(work, spanBytes(missing));
      await fetchSpans({
        io,
        readable: readableOf(work),
        assembly: opening,
        missing,
        bytes: file.bytes,
        connectionsMax: connections,
        validator: left?.validator ?? null,
        signal,
        onOpened: ({ totalBytes, validator }) => {
          // What is there stays: it may be a page that a proxy or a server in trouble sends instead.
          if (totalBytes !== null && totalBytes !== file.bytes) {
            throw new ProblemError(wrongSize(artifact, file, totalBytes));
          }
          record.onValidator(validator);
        },
        onWait: work.onWait,
        onReceived: (bytes) => {
          received += bytes;
          onBytes(before + received, file.bytes);
        },
        cut: () => cutShort(artifact, file, before + received),
      });
    }
    signal.throwIfAborted();
    const digested = await (await opening).finish();
    return { ...digested, downloadedBytes: received, resumed: before > 0 };
  } finally {
    stopLooking();
    await (await opening.catch(() => null))?.close();
    // Last: from then on somebody else may remove the file.
    record.end();
  }
}

/** Others may have filled the disk since the run began. */
async function checkRoom({ io, staging }: Work, bytes: number): Promise<void> {
  const space = await io.files.space(staging);
  if (space !== null && space.freeBytes < bytes) {
    throw new ProblemError(noRoom(staging, bytes - space.freeBytes));
  }
}

function subjectOf({ artifact, file, partial, boot, process, wantedBy }: Work) {
  const { digest, bytes, path } = file;
  return { digest, bytes, path, source: artifact.source, wantedBy, partial, boot, process };
}

/** A person asked for the end of it. */
export class CancelledError extends ProblemError {
  readonly wish: TransferWish;
  constructor(wish: TransferWish, artifact: Artifact, file: ArtifactFile) {
    super(cancelled(artifact, file, wish));
    this.wish = wish;
  }
}

function readableOf({ artifact, file, io, folder, routes, signal }: Work): ReadableFile {
  const source = sourceFor(artifact.source);
  if (!source.ok) throw new ProblemError(source.problems[0] ?? cutShort(artifact, file, 0));
  return source.value.open(artifact, file, { io, folder, routes, signal });
}

async function finish(
  { io, journal, file, partial, final }: Work,
  { chunks }: Digested,
  downloadedBytes: number,
): Promise<ObtainedFile> {
  await io.files.rename(partial, final);
  journal.keepChecksums(file.digest, { bytes: file.bytes, chunkBytes, chunks });
  journal.forget(file.digest);
  const stat = await io.files.stat(final);
  if (stat !== null) rememberHash(io.files, final, { ...stat, digest: file.digest });
  return { path: final, downloadedBytes, ...staged };
}

async function forget({ io, journal, file, partial }: Work): Promise<void> {
  await io.files.remove(partial);
  journal.forget(file.digest);
}
