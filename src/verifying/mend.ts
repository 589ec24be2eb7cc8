// Brings the right bytes back under each name that a damaged file has. They are taken from another
// store of this machine that has them, else from the source: the damaged chunks alone where it is known
// which they are. Nothing is written into a file that is there, and none goes before its replacement
// was verified; so a copy that shares its inode with others is replaced under each of its names.
import { dirname, join, parse } from 'node:path';
import { fileProblem } from '../artifacts/file-problem.ts';
import type { LocalStore } from '../artifacts/stores/local.ts';
import { placeFile } from '../artifacts/stores/place-file.ts';
import type { Obtain } from '../artifacts/transfer/obtain.ts';
import type { ObtainedFile } from '../artifacts/transfer/obtained.ts';
import { reuse } from '../artifacts/transfer/reuse.ts';
import { assert } from '../core/assert.ts';
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import { gapsIn, spanBytes } from '../core/span.ts';
import type { VerifiedFile } from '../core/verification.ts';
import type { Io } from '../io/io.ts';
import type { Seen } from './look.ts';
import type { FileToVerify } from './stored-files.ts';

export interface MendContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly transfers: Obtain;
  /** Where the bytes may stand right already. */
  readonly stores: readonly LocalStore[];
  readonly onBytes: (completedBytes: number, totalBytes: number) => void;
}

export interface Mended {
  readonly file: FileToVerify;
  /** Null: it is right now. */
  readonly problem: Problem | null;
  /** How it looks now that it is right. */
  readonly seen: VerifiedFile | null;
}

export interface MendedFiles {
  readonly mended: readonly Mended[];
  readonly downloadedBytes: number;
}

/** `damaged` are of one digest, at least one. What fails is a problem of the files that it is about. */
export async function mend(damaged: readonly Seen[], context: MendContext): Promise<MendedFiles> {
  const { signal } = context;
  const mended: Mended[] = [];
  const open: Seen[] = [];
  for (const one of damaged) {
    const problem = await rightsProblem(one.file, context.io);
    if (problem === null) open.push(one);
    else mended.push({ file: one.file, problem, seen: null });
  }
  let downloadedBytes = 0;
  let source: Promise<ObtainedFile> | null = null;
  for (const { file } of open) {
    try {
      signal.throwIfAborted();
      if (file.text !== undefined) {
        const { files, drafts } = context.io;
        await files.writeAtomic(file.path, file.text, { drafts });
      } else {
        source ??= obtain(open, context);
        const obtained = await source;
        downloadedBytes = obtained.downloadedBytes;
        if (obtained.path !== file.path) await place(file, obtained, context);
      }
      mended.push({ file, problem: null, seen: await seenNow(file, context.io) });
    } catch (error) {
      signal.throwIfAborted();
      mended.push({ file, problem: fileProblem(error, `write ${file.path}`), seen: null });
    }
  }
  return { mended, downloadedBytes };
}

/** How many bytes the source would be asked for, were nothing but `damaged` known; 0: none. */
export function bytesToFetch(damaged: readonly Seen[], isElsewhere: boolean): number {
  const [first] = damaged;
  if (first === undefined || isElsewhere || first.file.text !== undefined) return 0;
  const part = goodPart(damaged);
  return first.file.bytes - (part === null ? 0 : spanBytes(part.spans));
}

async function obtain(damaged: readonly Seen[], context: MendContext): Promise<ObtainedFile> {
  const { io, signal, onBytes, transfers, stores } = context;
  const [first] = damaged;
  assert(first !== undefined, 'there is something to mend');
  const { digest, bytes, file: path, origin } = first.file;
  const there = await reuse({ digest, bytes, path }, stores, { io, signal, onBytes });
  if (there !== null) return there;
  if (origin === null) throw new ProblemError(madeByEngine(first.file));
  const room = await roomProblem(first.file, io);
  if (room !== null) throw new ProblemError(room);
  const part = goodPart(damaged);
  if (part !== null) await transfers.beginWith(origin.artifact, origin.file, part);
  return transfers.obtain(origin.artifact, origin.file, { signal, onBytes });
}

/** The copy of which the most is right; null where no chunk is known to be. */
function goodPart(damaged: readonly Seen[]) {
  const parts = damaged.flatMap(({ file: { path, bytes }, verdict }) => {
    if (verdict.status !== 'damaged' || verdict.spans === null || verdict.found === null) return [];
    const spans = gapsIn(verdict.spans, bytes);
    return spans.length === 0 ? [] : [{ path, spans }];
  });
  return parts.toSorted((a, b) => spanBytes(b.spans) - spanBytes(a.spans))[0] ?? null;
}

async function place(
  file: FileToVerify,
  source: ObtainedFile,
  { io, signal }: MendContext,
): Promise<void> {
  const { path, digest, temporary, mayShare } = file;
  const folder = dirname(path);
  const mode = (await io.files.entry(path))?.mode ?? 0o644;
  await placeFile(io, {
    digest,
    source,
    temporary: uniqueName(temporary, io.random.hex(6)),
    to: path,
    mayShare,
    ...(mayShare ? {} : { prepare: (made: string) => io.files.giveLike(made, mode, folder) }),
    signal,
    onHashed: () => undefined,
  });
}

/** Others may repair the same store under a ledger of their own. What its ending says stays. */
function uniqueName(path: string, nonce: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}.${nonce}${ext}`);
}

async function seenNow({ path, digest }: FileToVerify, io: Io): Promise<VerifiedFile | null> {
  const entry = await io.files.entry(path);
  if (entry === null) return null;
  const { bytes, modifiedAt, inode } = entry;
  return { path, bytes, modifiedAt, inode, digest, at: io.clock.now() };
}

async function rightsProblem(
  { path, mayWrite }: FileToVerify,
  { files }: Io,
): Promise<Problem | null> {
  const folder = dirname(path);
  if (mayWrite === false) return keptOut(folder, path);
  // A folder that is gone is made again.
  if ((await files.stat(folder)) === null) return null;
  if ((await files.accessTo(folder)) === 'write') return null;
  return errorProblem({
    code: 'repair/needs-privilege',
    summary: 'A damaged file may not be replaced',
    detail: `${folder} is not this user's to write to, so ${path} stays as it is.`,
    remedy: 'Run the command as the owner of that folder, or as root:\n\n    sudo modelctl repair',
  });
}

const keptOut = (folder: string, path: string): Problem =>
  errorProblem({
    code: 'repair/kept-out',
    summary: 'A damaged file is not to be replaced',
    detail: `spec.files.access of the Backend lets nothing be written in ${folder}, so ${path} stays as it is.`,
    remedy: 'Allow it with spec.files.access: write, or delete the model there and apply again.',
  });

/** The damaged file stays until its replacement is whole. */
async function roomProblem({ path, bytes }: FileToVerify, { files }: Io): Promise<Problem | null> {
  const space = await files.space(dirname(path));
  if (space === null || space.freeBytes >= bytes) return null;
  return errorProblem({
    code: 'repair/does-not-fit',
    summary: 'There is no room for a replacement',
    detail: `${path} takes ${bytes} bytes, and ${space.freeBytes} are free: it is replaced only by a whole one beside it.`,
    remedy: 'Make room and run the command again.',
    retry: 'later',
  });
}

const madeByEngine = ({ path, names }: FileToVerify): Problem =>
  errorProblem({
    code: 'repair/no-source',
    summary: 'A damaged file is of no source',
    detail: `${path} was made by the engine itself, so no source serves it.`,
    remedy: `Remove the model and apply again:\n\n    ollama rm ${names[0]?.name ?? 'NAME'}\n    modelctl apply`,
  });
