// A disk in memory, with paths as on POSIX, links of both kinds among them. Permissions are what a
// test says of a folder and all below it; a mode is remembered and told.
import { posix } from 'node:path';
import { compareText } from '../../src/core/canonical.ts';
import type { FolderAccess } from '../../src/core/folder-access.ts';
import type { Clock, FileSpace, Files } from '../../src/io/io.ts';
import { createFakeAssembly, digestedOf } from './assembly.ts';
import { type FakeEffects, systemError } from './effects.ts';

export interface FakeFiles extends Files {
  /** Puts a file there as someone else would: without counting, never failing. */
  readonly put: (path: string, content: string | Uint8Array) => void;
  /** Puts a symbolic link there, likewise. */
  readonly putLink: (target: string, path: string) => void;
  readonly text: (path: string) => string | null;
  /** Every file and link, sorted. */
  readonly paths: () => readonly string[];
  readonly modeOf: (path: string) => number | undefined;
  readonly setSpace: (space: FileSpace | null) => void;
  /** Of a folder and all below it; `write` everywhere until then. Writes fail where it is less. */
  readonly setAccess: (folder: string, access: FolderAccess) => void;
  /** A folder and all below it are on a disk of their own. */
  readonly mount: (folder: string) => void;
  /** Whose a file has become through `giveLike`: the path it was made like. */
  readonly likeOf: (path: string) => string | undefined;
  /** As someone else would, at once. */
  readonly drop: (path: string) => void;
  readonly bytesAt: (path: string) => Uint8Array | null;
  readonly modifiedAt: (path: string) => number;
}

interface FakeFilesOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly effects: FakeEffects;
  readonly stdin: string | Uint8Array;
}

/** One object for all the names that the same bytes have. */
interface Content {
  bytes: Uint8Array;
  modifiedAt: number;
  readonly mode: number | undefined;
}

export function createFakeFiles({ clock, effects, stdin }: FakeFilesOptions): FakeFiles {
  const disk = createDisk();
  const { files, links, folders } = disk;
  const rights = new Map<string, FolderAccess>();
  const mounts = new Set<string>(['/']);
  const likes = new Map<string, string>();
  const above = (path: string): readonly string[] =>
    path === '/' ? ['/'] : [path, ...above(posix.dirname(path))];
  const rightTo = (path: string): FolderAccess =>
    above(path).flatMap((one) => rights.get(one) ?? [])[0] ?? 'write';
  const diskOf = (path: string): string => above(path).find((one) => mounts.has(one)) ?? '/';
  const mayWrite = (path: string): void => {
    if (rightTo(posix.dirname(path)) !== 'write') throw systemError('EACCES', 'open', path);
  };
  let space: FileSpace | null = { freeBytes: 1e12, totalBytes: 2e12 };
  const inodes = new Map<Content, string>();
  const inodeOf = (content: Content): string => {
    const known = inodes.get(content) ?? `1:${inodes.size + 1}`;
    inodes.set(content, known);
    return known;
  };

  const store = (name: string, bytes: Uint8Array, mode?: number): void => {
    const path = disk.target(name);
    if (folders.has(path)) throw systemError('EISDIR', 'open', path);
    files.set(path, { bytes, modifiedAt: clock.now(), mode: mode ?? files.get(path)?.mode });
  };
  const contentOf = (name: string): Content => {
    const path = disk.target(name);
    const file = files.get(path);
    if (file !== undefined) return file;
    throw systemError(folders.has(path) ? 'EISDIR' : disk.absence(path), 'open', path);
  };
  /** The place for a new name, which must be free. */
  const free = (name: string, call: string): string => {
    disk.makeFolders(posix.dirname(name));
    const path = disk.place(name);
    if (disk.has(path)) throw systemError('EEXIST', call, path);
    return path;
  };

  return {
    put: (path, content) => {
      disk.makeFolders(posix.dirname(path));
      store(path, toBytes(content));
    },
    putLink: (target, path) => void links.set(free(path, 'symlink'), target),
    text: (path) => {
      const file = files.get(disk.target(path));
      return file === undefined ? null : new TextDecoder().decode(file.bytes);
    },
    paths: () => [...files.keys(), ...links.keys()].toSorted(compareText),
    modeOf: (path) => files.get(path)?.mode,
    setAccess: (folder, access) => void rights.set(folder, access),
    mount: (folder) => void mounts.add(folder),
    likeOf: (path) => likes.get(path),
    drop: (path) => void files.delete(path),
    bytesAt: (path) => files.get(path)?.bytes ?? null,
    modifiedAt: (path) => files.get(path)?.modifiedAt ?? 0,
    setSpace: (next) => {
      space = next;
    },
    stat: async (name) => {
      const path = disk.target(name);
      const file = files.get(path);
      if (file) return { kind: 'file', bytes: file.bytes.length, modifiedAt: file.modifiedAt };
      return folders.has(path) ? { kind: 'folder', bytes: 0, modifiedAt: 0 } : null;
    },
    entry: async (name) => {
      const path = disk.place(name);
      const target = links.get(path);
      if (target !== undefined) {
        return {
          kind: 'link',
          bytes: target.length,
          modifiedAt: 0,
          names: 1,
          inode: '',
          mode: 0o777,
          diskBytes: 0,
        };
      }
      const file = files.get(path);
      if (file === undefined) {
        if (!folders.has(path)) return null;
        return {
          kind: 'folder',
          bytes: 0,
          modifiedAt: 0,
          names: 2,
          inode: '',
          mode: 0o755,
          diskBytes: 0,
        };
      }
      const names = [...files.values()].filter((one) => one === file).length;
      const { bytes, modifiedAt, mode = 0o644 } = file;
      return {
        kind: 'file',
        bytes: bytes.length,
        modifiedAt,
        names,
        inode: inodeOf(file),
        mode,
        diskBytes: bytes.length,
      };
    },
    readLink: async (name) => {
      const path = disk.place(name);
      const target = links.get(path);
      if (target !== undefined) return target;
      throw systemError(disk.has(path) ? 'EINVAL' : disk.absence(path), 'readlink', path);
    },
    readBytes: async (path, bytesMax) => bounded(contentOf(path).bytes, bytesMax, path),
    readStream: async function* (path, range) {
      const { bytes } = contentOf(path);
      const wanted = bytes.subarray(range?.start ?? 0, (range?.end ?? bytes.length) + 1);
      for (let at = 0; at < wanted.length; at += chunkBytes) {
        yield wanted.slice(at, at + chunkBytes);
      }
    },
    list: async (name) => {
      const path = disk.target(name);
      if (files.has(path)) throw systemError('ENOTDIR', 'scandir', path);
      if (!folders.has(path)) throw systemError('ENOENT', 'scandir', path);
      return disk.namesIn(path).map((one) => ({ name: posix.basename(one), kind: disk.kind(one) }));
    },
    glob: async (pattern, folder) => {
      const absolute = posix.resolve(folder, pattern);
      return disk.everything().filter((path) => posix.matchesGlob(path, absolute));
    },
    realPath: async (name) => {
      const path = disk.target(name);
      if (!files.has(path) && !folders.has(path)) throw systemError('ENOENT', 'realpath', path);
      return posix.normalize(path);
    },
    writeAtomic: async (path, content, options) => {
      mayWrite(path);
      disk.makeFolders(posix.dirname(path));
      effects.apply({ kind: 'write', subject: path }, () =>
        store(path, toBytes(content), options?.mode),
      );
    },
    appendStream: async (path, chunks, options) => {
      if (!folders.has(disk.target(posix.dirname(path)))) throw systemError('ENOENT', 'open', path);
      if (!files.has(disk.target(path))) store(path, new Uint8Array());
      for await (const chunk of chunks) {
        effects.apply({ kind: 'append', subject: path }, () => {
          const file = contentOf(path);
          file.bytes = Buffer.concat([file.bytes, chunk]);
          file.modifiedAt = clock.now();
        });
        options?.onBytes?.(chunk.length);
      }
    },
    rename: async (from, to) => {
      disk.makeFolders(posix.dirname(to));
      const [source, target] = [disk.place(from), disk.place(to)];
      if (!files.has(source) && !links.has(source)) throw systemError('ENOENT', 'rename', from);
      if (folders.has(target)) throw systemError('EISDIR', 'rename', to);
      effects.apply({ kind: 'rename', subject: to }, () => disk.move(source, target));
    },
    clone: async (from, to) => {
      mayWrite(to);
      const { bytes } = contentOf(from);
      const path = free(to, 'copyfile');
      effects.apply({ kind: 'clone', subject: to }, () => store(path, bytes.slice()));
    },
    link: async (from, to) => {
      mayWrite(to);
      if (diskOf(from) !== diskOf(to)) throw systemError('EXDEV', 'link', to);
      const file = contentOf(from);
      const path = free(to, 'link');
      effects.apply({ kind: 'link', subject: to }, () => files.set(path, file));
    },
    accessTo: async (folder) => (folders.has(folder) ? rightTo(folder) : 'none'),
    onSameDisk: async (a, b) => diskOf(a) === diskOf(b),
    giveLike: async (path, mode, like) => {
      likes.set(path, like);
      if (files.has(path)) store(path, contentOf(path).bytes, mode);
    },
    symlink: async (target, name) => {
      const path = free(name, 'symlink');
      effects.apply({ kind: 'symlink', subject: name }, () => links.set(path, target));
    },
    remove: async (name) => {
      const path = disk.place(name);
      if (folders.has(path)) throw systemError('EISDIR', 'unlink', path);
      if (!disk.has(path)) return;
      effects.apply({ kind: 'remove', subject: path }, () => disk.drop(path));
    },
    removeFolder: async (name) => {
      const path = disk.place(name);
      if (files.has(path) || links.has(path)) throw systemError('ENOTDIR', 'rmdir', path);
      if (!folders.has(path)) return true;
      if (disk.namesIn(path).length > 0) return false;
      effects.apply({ kind: 'remove', subject: path }, () => folders.delete(path));
      return true;
    },
    makeFolder: async (path) => {
      if (folders.has(disk.target(path))) return;
      effects.apply({ kind: 'folder', subject: path }, () => disk.makeFolders(path));
    },
    assemble: async (path, options) => {
      disk.makeFolders(posix.dirname(path));
      if (!files.has(disk.target(path))) {
        effects.apply({ kind: 'write', subject: path }, () => store(path, new Uint8Array()));
      }
      const put = (start: number, piece: Uint8Array): void => {
        const before = contentOf(path).bytes;
        const next = new Uint8Array(Math.max(before.length, start + piece.length));
        next.set(before);
        next.set(piece, start);
        effects.apply({ kind: 'part', subject: path }, () => store(path, next));
      };
      return createFakeAssembly({ put, content: () => contentOf(path).bytes }, options);
    },
    digest: async (path, { chunkBytes: checkedBytes, onHashed, signal }) => {
      signal?.throwIfAborted();
      const { bytes } = contentOf(path);
      onHashed?.(bytes.length);
      return digestedOf(bytes, checkedBytes);
    },
    space: async () => space,
    readStdin: async (bytesMax) => bounded(toBytes(stdin), bytesMax, 'standard input'),
  };
}

/** What is where, and where paths lead. */
function createDisk() {
  const files = new Map<string, Content>();
  const links = new Map<string, string>();
  const folders = new Set<string>(['/']);

  /** The path with every link on the way followed, the last part's too. */
  const target = (name: string, follows = linksMax): string => {
    const path = place(name, follows);
    const leads = links.get(path);
    if (leads === undefined) return path;
    if (follows === 0) throw systemError('ELOOP', 'open', name);
    return target(posix.resolve(posix.dirname(path), leads), follows - 1);
  };
  /** The same, but the last part stays what it is. */
  const place = (name: string, follows = linksMax): string => {
    const path = posix.normalize(name);
    if (path === '/' || links.size === 0) return path;
    return posix.join(target(posix.dirname(path), follows), posix.basename(path));
  };
  const makeFolders = (name: string): void => {
    const path = target(name);
    if (files.has(path)) throw systemError('EEXIST', 'mkdir', path);
    if (folders.has(path)) return;
    const parent = posix.dirname(path);
    if (files.has(parent)) throw systemError('ENOTDIR', 'mkdir', path);
    makeFolders(parent);
    folders.add(path);
  };
  const has = (path: string): boolean => files.has(path) || links.has(path) || folders.has(path);
  const drop = (path: string): void => {
    files.delete(path);
    links.delete(path);
  };
  const everything = (): readonly string[] =>
    [...files.keys(), ...links.keys(), ...folders].toSorted(compareText);
  return {
    files,
    links,
    folders,
    target,
    place,
    makeFolders,
    has,
    drop,
    everything,
    absence: (path: string): string => (files.has(posix.dirname(path)) ? 'ENOTDIR' : 'ENOENT'),
    namesIn: (folder: string): readonly string[] =>
      everything().filter((one) => one !== '/' && posix.dirname(one) === folder),
    /** Of what the path leads to. */
    kind: (path: string): 'file' | 'folder' | 'other' => {
      const found = target(path);
      if (files.has(found)) return 'file';
      return folders.has(found) ? 'folder' : 'other';
    },
    move: (from: string, to: string): void => {
      const [file, link] = [files.get(from), links.get(from)];
      drop(from);
      drop(to);
      if (file !== undefined) files.set(to, file);
      if (link !== undefined) links.set(to, link);
    },
  };
}

/** As Linux has it. */
const linksMax = 40;

/** Small, so that tests meet the seams between chunks. */
const chunkBytes = 1024;

const toBytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();

function bounded(bytes: Uint8Array, bytesMax: number, name: string): Uint8Array {
  if (bytes.length <= bytesMax) return bytes.slice();
  throw systemError('ERR_FS_FILE_TOO_LARGE', 'read', name);
}
