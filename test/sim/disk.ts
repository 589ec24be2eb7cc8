// The disk of a simulated machine: a folder in memory that the kernel keeps, reached without ever
// giving up the turn, so that what runs beside it is in the same order each time. SQLite can use
// it too. It can be full.
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  globSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { compareText } from '../../src/core/canonical.ts';
import type { FileSpace, FileStat, Files } from '../../src/io/io.ts';
import { createFakeAssembly, digestedOf } from '../fakes/assembly.ts';
import type { StoreFolder } from '../fakes/ollama/store-disk.ts';
import { storeIn } from '../fakes/ollama/store-folder.ts';

export interface Disk {
  readonly files: Files;
  /** Absolute; everything of this machine is below it. */
  readonly root: string;
  /** Writes fail for want of room while it is. */
  isFull: boolean;
  space: FileSpace;
  /** Puts a file there, as a person or another program does. */
  readonly put: (path: string, content: string | Uint8Array) => void;
  readonly drop: (path: string) => void;
  /** A folder as the store of an engine, made with what an engine makes at its start. */
  readonly store: (path: string) => StoreFolder;
  readonly destroy: () => void;
}

const memoryFolder = '/dev/shm';

export function createDisk(): Disk {
  const parent = existsSync(memoryFolder) ? memoryFolder : tmpdir();
  const root = realpathSync(mkdtempSync(join(parent, 'modelctl-sim-')));
  const disk: Disk = {
    root,
    isFull: false,
    space: { freeBytes: 1e9, totalBytes: 1e10 },
    files: filesOf(() => disk),
    put: (path, content) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    },
    drop: (path) => rmSync(join(root, path), { force: true }),
    store: (path) => storeIn(join(root, path)),
    destroy: () => rmSync(root, { recursive: true, force: true }),
  };
  return disk;
}

const chunkBytes = 64 * 1024;

function filesOf(disk: () => Disk): Files {
  const room = (): void => {
    if (disk().isFull) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  };
  const makeFolders = (path: string): void => void mkdirSync(dirname(path), { recursive: true });
  return {
    stat: async (path) => statOf(path),
    entry: async (path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined) return null;
      const kind = found.isSymbolicLink() ? 'link' : kindOf(found);
      const { size: bytes, mtimeMs: modifiedAt, nlink: names, ino, mode, blocks } = found;
      const about = { inode: String(ino), mode: mode & 0o777, diskBytes: blocks * 512 };
      return { kind, bytes, modifiedAt, names, ...about };
    },
    readLink: async (path) => readlinkSync(path),
    readBytes: async (path, bytesMax) => {
      const bytes = readFileSync(path);
      if (bytes.length <= bytesMax) return bytes;
      throw Object.assign(new RangeError(`${path} is too large`), {
        code: 'ERR_FS_FILE_TOO_LARGE',
      });
    },
    readStream: async function* (path, range) {
      const bytes = readFileSync(path).subarray(range?.start ?? 0, (range?.end ?? Infinity) + 1);
      for (let at = 0; at < bytes.length; at += chunkBytes)
        yield bytes.subarray(at, at + chunkBytes);
    },
    list: async (path) =>
      readdirSync(path)
        .map((name) => ({ name, kind: statOf(join(path, name))?.kind ?? ('other' as const) }))
        .toSorted((a, b) => compareText(a.name, b.name)),
    glob: async (pattern, folder) =>
      globSync(pattern, { cwd: folder })
        .map((path) => resolve(folder, path))
        .toSorted(compareText),
    realPath: async (path) => realpathSync(path),
    writeAtomic: async (path, content) => {
      room();
      makeFolders(path);
      writeFileSync(path, content);
    },
    appendStream: async (path, chunks, options) => {
      makeFolders(path);
      appendFileSync(path, '');
      for await (const chunk of chunks) {
        room();
        appendFileSync(path, chunk);
        options?.onBytes?.(chunk.length);
      }
    },
    rename: async (from, to) => {
      makeFolders(to);
      renameSync(from, to);
    },
    clone: async (from, to) => {
      room();
      makeFolders(to);
      copyFileSync(from, to, constants.COPYFILE_EXCL);
    },
    link: async (from, to) => {
      makeFolders(to);
      linkSync(from, to);
    },
    symlink: async (target, path) => {
      makeFolders(path);
      symlinkSync(target, path);
    },
    remove: async (path) => rmSync(path, { force: true }),
    removeFolder: async (path) => {
      if (!existsSync(path)) return true;
      if (readdirSync(path).length > 0) return false;
      rmdirSync(path);
      return true;
    },
    makeFolder: async (path) => void mkdirSync(path, { recursive: true }),
    assemble: async (path, options) => {
      makeFolders(path);
      const file = openSync(path, constants.O_RDWR | constants.O_CREAT);
      closeSync(file);
      const put = (start: number, bytes: Uint8Array): void => {
        room();
        const part = openSync(path, 'r+');
        writeSync(part, bytes, 0, bytes.length, start);
        closeSync(part);
      };
      return createFakeAssembly({ put, content: () => readFileSync(path) }, options);
    },
    digest: async (path, { chunkBytes: checkedBytes, onHashed }) => {
      const bytes = readFileSync(path);
      onHashed?.(bytes.length);
      return digestedOf(bytes, checkedBytes);
    },
    accessTo: async (path) => (statOf(path)?.kind === 'folder' ? 'write' : 'none'),
    onSameDisk: async () => true,
    giveLike: async (path, mode) => chmodSync(path, mode),
    space: async () => disk().space,
    readStdin: async () => new Uint8Array(),
  };
}

function statOf(path: string): FileStat | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return { kind: kindOf(found), bytes: found.size, modifiedAt: found.mtimeMs };
}

const kindOf = (found: Stats): FileStat['kind'] =>
  found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
