// The disk, read side, and the joining of both sides. Writes that must survive a crash are in
// durable.ts. Errors are node's own, unchanged: callers tell them apart by `code`.
import { glob as globOf, readdir, statfs, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { compareText } from '../../core/canonical.ts';
import { errorCode, isAbsent } from '../error-code.ts';
import type { ByteRange, FileSpace, FileStat, Files, Random } from '../io.ts';
import type { Assembler } from './assembly.ts';
import { accessTo, giveLike, onSameDisk } from './belonging.ts';
import { appendStream, clone, makeFolder, rename, writeAtomic } from './durable.ts';
import { entryOf, linkFile, readLink, removeFolder, symlink } from './links.ts';
import { closeOpen, openPath, readPiece, realPathOf, statOpen, statPath } from './reading.ts';

export const createNodeFiles = (random: Random): Files => ({
  stat,
  entry: entryOf,
  readLink,
  readBytes,
  readStream,
  list,
  glob,
  realPath: realPathOf,
  writeAtomic: (path, content, options) =>
    writeAtomic(path, content, { nonce: random.hex(6), ...options }),
  appendStream,
  rename,
  clone,
  link: linkFile,
  accessTo,
  onSameDisk,
  giveLike,
  symlink,
  remove,
  removeFolder,
  makeFolder,
  space,
  ...assembler(),
  readStdin: (bytesMax) => readAll(process.stdin, bytesMax, 'standard input'),
});

/** Loaded by the first file that needs it: most runs write and hash none. */
function assembler(): Pick<Files, 'assemble' | 'prepareToAssemble' | 'digest'> {
  let loading: Promise<Assembler> | null = null;
  const load = (): Promise<Assembler> => {
    loading ??= import('./assembly.ts').then(({ createAssembler }) => createAssembler());
    return loading;
  };
  return {
    assemble: async (path, options) => (await load()).assemble(path, options),
    // Whoever assembles hears why it cannot be had.
    prepareToAssemble: () =>
      void load().then(
        ({ prepare }) => prepare(),
        () => undefined,
      ),
    digest: async (path, options) => (await load()).digest(path, options),
  };
}

/** Large enough that a 40 GB file is not a storm of calls, small against memory. */
const chunkBytes = 256 * 1024;

type Kinds = { isFile: () => boolean; isDirectory: () => boolean };

const kindOf = (entry: Kinds): FileStat['kind'] => {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'folder' : 'other';
};

async function stat(path: string): Promise<FileStat | null> {
  try {
    const found = await statPath(path);
    return { kind: kindOf(found), bytes: found.size, modifiedAt: found.mtimeMs };
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function readBytes(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await openPath(path);
  const found = await statOpen(file);
  if (found.isFIFO()) return readAll(await pipeOf(file), bytesMax, path);
  try {
    if (found.isFile() && found.size > bytesMax) throw tooLarge(path, bytesMax);
    // Devices have no size beforehand, and a file may grow while it is read.
    const pieceBytes = found.size === 0 ? chunkBytes : found.size + 1;
    return await readAll(chunksOf(file, { start: null, pieceBytes }), bytesMax, path);
  } finally {
    await closeOpen(file);
  }
}

/** Closes the file itself, also when it is not read to the end. */
async function pipeOf(file: number): Promise<AsyncIterable<Uint8Array>> {
  const { Socket } = await import('node:net');
  return new Socket({ fd: file, readable: true, writable: false });
}

async function readAll(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  name: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(name, bytesMax);
    parts.push(chunk);
  }
  const [first] = parts;
  // A file that is all there at once need not be there twice.
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts);
}

const tooLarge = (name: string, bytesMax: number): Error =>
  Object.assign(new RangeError(`${name} is larger than ${bytesMax} bytes`), {
    code: 'ERR_FS_FILE_TOO_LARGE',
  });

async function* readStream(path: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
  const file = await openPath(path);
  try {
    const start = range?.start ?? 0;
    const bytes = range?.end === undefined ? undefined : range.end + 1 - start;
    yield* chunksOf(file, { start, bytes, pieceBytes: chunkBytes });
  } finally {
    await closeOpen(file);
  }
}

interface Section {
  /** Null: from where the file stands, as pipes must be read. */
  readonly start: number | null;
  /** Absent: to the end. */
  readonly bytes?: number | undefined;
  readonly pieceBytes: number;
}

/** A fresh buffer per chunk: the reader may keep it. */
async function* chunksOf(file: number, section: Section): AsyncGenerator<Uint8Array> {
  let position = section.start;
  let left = section.bytes ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const wanted = Math.min(section.pieceBytes, left);
    const piece = await readPiece(file, wanted, position);
    if (piece.length === 0) return;
    if (position !== null) position += piece.length;
    left -= piece.length;
    yield piece;
  }
}

async function list(path: string): Promise<readonly { name: string; kind: FileStat['kind'] }[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const found = entries.map(async (entry) => {
    if (!entry.isSymbolicLink()) return { name: entry.name, kind: kindOf(entry) };
    return { name: entry.name, kind: await kindBehind(join(path, entry.name)) };
  });
  return (await Promise.all(found)).toSorted((a, b) => compareText(a.name, b.name));
}

/** A link that leads nowhere, in a circle or behind a closed door is no reason to list nothing. */
async function kindBehind(link: string): Promise<FileStat['kind']> {
  try {
    return (await stat(link))?.kind ?? 'other';
  } catch (error) {
    if (linkTrouble.has(errorCode(error))) return 'other';
    throw error;
  }
}

const linkTrouble: ReadonlySet<string | undefined> = new Set(['ELOOP', 'EACCES', 'ENAMETOOLONG']);

async function glob(pattern: string, folder: string): Promise<readonly string[]> {
  const paths = new Set<string>();
  for await (const path of globOf(pattern, { cwd: folder })) paths.add(resolve(folder, path));
  return [...paths].toSorted(compareText);
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

const spaceUnknown: ReadonlySet<string | undefined> = new Set(['ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** A path that is not there yet lies where its nearest folder lies. */
async function space(path: string): Promise<FileSpace | null> {
  try {
    const found = await statfs(path);
    // Some network and FUSE file systems answer with zeros for "cannot tell".
    if (found.blocks === 0) return null;
    return {
      freeBytes: found.bavail * found.bsize,
      totalBytes: found.blocks * found.bsize,
    };
  } catch (error) {
    if (spaceUnknown.has(errorCode(error))) return null;
    const parent = dirname(path);
    if (!isAbsent(error) || parent === path) throw error;
    return space(parent);
  }
}
