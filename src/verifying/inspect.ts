// Is each file what it must be? Hashes them one after the other, files of several names once, or, in a
// quick look, only those that do not look as they did when they were hashed last. A file that changes
// while it is read is looked at once more, and then told as not checked.
import { fileProblem } from '../artifacts/file-problem.ts';
import { chunkBytes as usualChunkBytes } from '../artifacts/transfer/chunks.ts';
import { mapBounded } from '../core/concurrency.ts';
import type { Digest } from '../core/digest.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Spans } from '../core/span.ts';
import type { Checksums } from '../core/transfer.ts';
import type { HashProgress, StoredFile, Verdict, VerifiedFile } from '../core/verification.ts';
import { errorCode } from '../io/error-code.ts';
import type { FileEntry, Io } from '../io/io.ts';
import { damagedSpans, damageOf, type Found } from './damage.ts';

export interface InspectContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Believe a file that looks as when it was hashed last. */
  readonly quick: boolean;
  readonly verifiedAt: (path: string) => VerifiedFile | null;
  readonly checksumsOf: (digest: Digest) => Checksums | null;
  /** Which file has a digest, for people: so that a swap is told from other damage. */
  readonly known: ReadonlyMap<Digest, string>;
  readonly onProgress: (progress: HashProgress) => void;
}

export interface Inspected<F extends StoredFile> {
  readonly file: F;
  readonly verdict: Verdict;
  /** How it looked when it was hashed and found right. */
  readonly seen: VerifiedFile | null;
  /** Of the right bytes, learned now; null where nothing new was. */
  readonly checksums: Checksums | null;
}

const looksAtOnceMax = 32;

/** `onInspected` is told of each in turn, so that what was done counts when the rest is aborted. */
export async function inspect<F extends StoredFile>(
  files: readonly F[],
  context: InspectContext,
  onInspected: (inspected: Inspected<F>) => void,
): Promise<void> {
  const { io, quick, verifiedAt, onProgress } = context;
  const looks = await mapBounded(files, looksAtOnceMax, async (file) => ({
    file,
    look: await lookAt(file, io),
  }));
  const hashed = new Map<string, Found>();
  const isRemembered = (file: F, look: Look): boolean =>
    quick && look.kind === 'file' && sameLook(verifiedAt(file.path), look.entry, file.digest);
  const toHash = looks.filter(
    ({ file, look }) => look.kind === 'file' && !isRemembered(file, look),
  );
  const totalBytes = toHash.reduce((sum, { file: { bytes } }) => sum + bytes, 0);
  const totalFiles = files.length;
  let completedBytes = 0;
  for (const [completedFiles, { file, look }] of looks.entries()) {
    context.signal.throwIfAborted();
    const told = (bytes: number): void =>
      onProgress({
        completedFiles,
        totalFiles,
        completedBytes: completedBytes + bytes,
        totalBytes,
      });
    told(0);
    if (look.kind === 'told') {
      onInspected({ file, verdict: look.verdict, seen: null, checksums: null });
    } else if (isRemembered(file, look)) {
      const seen = verifiedAt(file.path);
      onInspected({ file, verdict: { status: 'intact', hashed: false }, seen, checksums: null });
    } else {
      onInspected(await hashOne(file, look.entry, { ...context, hashed, onBytes: told }));
      completedBytes += file.bytes;
    }
  }
  onProgress({ completedFiles: totalFiles, totalFiles, completedBytes, totalBytes });
}

type Look =
  | { readonly kind: 'file'; readonly entry: FileEntry }
  | { readonly kind: 'told'; readonly verdict: Verdict };

async function lookAt({ path, bytes }: StoredFile, { files }: Io): Promise<Look> {
  try {
    const entry = await files.entry(path);
    if (entry?.kind === 'file') return { kind: 'file', entry };
    if (entry !== null)
      return { kind: 'told', verdict: { status: 'unchecked', problem: noFile(path) } };
    const spans: Spans = bytes === 0 ? [] : [[0, bytes]];
    const detail = 'It is not there.';
    return {
      kind: 'told',
      verdict: { status: 'damaged', damage: 'missing', spans, found: null, detail },
    };
  } catch (error) {
    return { kind: 'told', verdict: unreadable(path, error) };
  }
}

interface HashContext extends InspectContext {
  /** By `stateOf`: what was read under another name already. */
  readonly hashed: Map<string, Found>;
  readonly onBytes: (bytes: number) => void;
}

async function hashOne<F extends StoredFile>(
  file: F,
  first: FileEntry,
  context: HashContext,
): Promise<Inspected<F>> {
  const without = (verdict: Verdict): Inspected<F> => ({
    file,
    verdict,
    seen: null,
    checksums: null,
  });
  const { io, checksumsOf } = context;
  const { path, digest } = file;
  try {
    let entry = first;
    for (const _ of [1, 2]) {
      const right = checksumsOf(digest);
      const found = context.hashed.get(stateOf(entry)) ?? (await read(path, entry, right, context));
      const after = await io.files.entry(path);
      if (after !== null && sameLook(after, entry)) {
        context.hashed.set(stateOf(entry), found);
        if (found.digest !== digest) {
          return without(await judge(file, found, right, context));
        }
        const { inode, bytes, modifiedAt } = entry;
        const seen = { path, inode, bytes, modifiedAt, digest, at: io.clock.now() };
        const checksums = right === null ? found : null;
        return { file, verdict: { status: 'intact', hashed: true }, seen, checksums };
      }
      if (after === null)
        return without((await toldOf(file, io)) ?? { status: 'unchecked', problem: changes(path) });
      entry = after;
    }
    return without({ status: 'unchecked', problem: changes(path) });
  } catch (error) {
    context.signal.throwIfAborted();
    return without(unreadable(path, error));
  }
}

/** The bytes of an inode, as long as nobody writes to them. */
const stateOf = ({ inode, bytes, modifiedAt }: FileEntry): string =>
  `${inode} ${bytes} ${modifiedAt}`;

async function toldOf(file: StoredFile, io: Io): Promise<Verdict | null> {
  const look = await lookAt(file, io);
  return look.kind === 'told' ? look.verdict : null;
}

async function read(
  path: string,
  { bytes }: FileEntry,
  right: Checksums | null,
  { io, signal, onBytes }: HashContext,
): Promise<Found> {
  const chunkBytes = right?.chunkBytes ?? usualChunkBytes;
  const options = { bytes, chunkBytes, signal, onHashed: onBytes };
  return { bytes, chunkBytes, ...(await io.files.digest(path, options)) };
}

async function judge(
  file: StoredFile,
  found: Found,
  right: Checksums | null,
  context: HashContext,
): Promise<Verdict> {
  const spans = right === null ? null : damagedSpans(right, found);
  const isElsewhere = context.known.has(found.digest) || found.bytes !== file.bytes;
  // Where it is not known which chunks are wrong, all of it may be.
  const within: Spans = spans ?? [[0, found.bytes]];
  const zeros = !isElsewhere && (await hasZeros(file.path, within, context));
  return { status: 'damaged', ...damageOf(file, found, right, { ...context, zeros }) };
}

/**
 * As file systems leave them when a size was written and the bytes were not. Weights have zeros of
 * their own, so a short run means nothing.
 */
const blockBytes = 4096;
const zerosBytesMin = 1024 * 1024;

async function hasZeros(path: string, spans: Spans, { io, signal }: HashContext): Promise<boolean> {
  const zeros = Buffer.alloc(blockBytes);
  for (const [start, end] of spans) {
    let run = 0;
    for await (const chunk of io.files.readStream(path, { start, end: end - 1 })) {
      signal.throwIfAborted();
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const block = bytes.subarray(at, at + blockBytes);
        run = block.equals(zeros.subarray(0, block.length)) ? run + block.length : 0;
        if (run >= Math.min(zerosBytesMin, (end - start) / 2)) return true;
      }
    }
  }
  return false;
}

const sameLook = (
  a: (Pick<FileEntry, 'bytes' | 'modifiedAt' | 'inode'> & { readonly digest?: Digest }) | null,
  b: FileEntry,
  digest?: Digest,
): boolean =>
  a !== null &&
  a.bytes === b.bytes &&
  a.modifiedAt === b.modifiedAt &&
  a.inode === b.inode &&
  (digest === undefined || a.digest === digest);

/** What somebody may not read is not damaged; what the disk does not give back is. */
function unreadable(path: string, error: unknown): Verdict {
  const code = errorCode(error);
  if (code === undefined) throw error;
  if (code !== 'EIO' && code !== 'EUCLEAN' && code !== 'EBADMSG') {
    return { status: 'unchecked', problem: fileProblem(error, `read ${path}`) };
  }
  const detail = `The disk reports an error (${code}).`;
  return { status: 'damaged', damage: 'unreadable', spans: null, found: null, detail };
}

const noFile = (path: string): Problem =>
  errorProblem({
    code: 'verify/no-file',
    summary: 'Something else stands where a file should be',
    detail: `${path} is no file.`,
    remedy: 'Move it away; then `modelctl repair` puts the file there.',
  });

const changes = (path: string): Problem =>
  errorProblem({
    code: 'verify/changing',
    summary: 'A file changes while it is read',
    detail: `${path} was written to in the meantime, twice.`,
    remedy: 'Verify it again when nothing writes there.',
    retry: 'later',
  });
