// A disk in memory, with paths as on POSIX. There are no links and no permissions; a mode is
// remembered and told.
import { posix } from 'node:path';
import { compareText } from '../../src/core/canonical.ts';
import type { Clock, FileSpace, Files } from '../../src/io/io.ts';
import { createFakeAssembly, digestedOf } from './assembly.ts';
import { type FakeEffects, systemError } from './effects.ts';

export interface FakeFiles extends Files {
  /** Puts a file there as someone else would: without counting, never failing. */
  readonly put: (path: string, content: string | Uint8Array) => void;
  readonly text: (path: string) => string | null;
  /** Every file, sorted. */
  readonly paths: () => readonly string[];
  readonly modeOf: (path: string) => number | undefined;
  readonly setSpace: (space: FileSpace | null) => void;
}

interface FakeFilesOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly effects: FakeEffects;
  readonly stdin: string | Uint8Array;
}

interface Content {
  readonly bytes: Uint8Array;
  readonly modifiedAt: number;
  readonly mode: number | undefined;
}

export function createFakeFiles({ clock, effects, stdin }: FakeFilesOptions): FakeFiles {
  const files = new Map<string, Content>();
  const folders = new Set<string>(['/']);
  let space: FileSpace | null = { freeBytes: 1e12, totalBytes: 2e12 };

  const makeFolders = (path: string): void => {
    if (files.has(path)) throw systemError('EEXIST', 'mkdir', path);
    if (folders.has(path)) return;
    const parent = posix.dirname(path);
    if (files.has(parent)) throw systemError('ENOTDIR', 'mkdir', path);
    makeFolders(parent);
    folders.add(path);
  };
  const store = (path: string, bytes: Uint8Array, mode?: number): void => {
    if (folders.has(path)) throw systemError('EISDIR', 'open', path);
    files.set(path, { bytes, modifiedAt: clock.now(), mode: mode ?? files.get(path)?.mode });
  };
  const contentOf = (path: string): Uint8Array => {
    const file = files.get(path);
    if (file !== undefined) return file.bytes;
    throw systemError(folders.has(path) ? 'EISDIR' : absence(path), 'open', path);
  };
  const absence = (path: string): string => (files.has(posix.dirname(path)) ? 'ENOTDIR' : 'ENOENT');
  const kindOf = (path: string): 'file' | 'folder' => (files.has(path) ? 'file' : 'folder');
  const everything = (): readonly string[] => [...files.keys(), ...folders].toSorted(compareText);

  return {
    put: (path, content) => {
      makeFolders(posix.dirname(path));
      store(path, toBytes(content));
    },
    text: (path) => {
      const file = files.get(path);
      return file === undefined ? null : new TextDecoder().decode(file.bytes);
    },
    paths: () => [...files.keys()].toSorted(compareText),
    modeOf: (path) => files.get(path)?.mode,
    setSpace: (next) => {
      space = next;
    },
    stat: async (path) => {
      const file = files.get(path);
      if (file) return { kind: 'file', bytes: file.bytes.length, modifiedAt: file.modifiedAt };
      return folders.has(path) ? { kind: 'folder', bytes: 0, modifiedAt: 0 } : null;
    },
    readBytes: async (path, bytesMax) => bounded(contentOf(path), bytesMax, path),
    readStream: async function* (path, range) {
      const bytes = contentOf(path);
      const wanted = bytes.subarray(range?.start ?? 0, (range?.end ?? bytes.length) + 1);
      for (let at = 0; at < wanted.length; at += chunkBytes) {
        yield wanted.slice(at, at + chunkBytes);
      }
    },
    list: async (path) => {
      if (files.has(path)) throw systemError('ENOTDIR', 'scandir', path);
      if (!folders.has(path)) throw systemError('ENOENT', 'scandir', path);
      return everything()
        .filter((one) => one !== '/' && posix.dirname(one) === path)
        .map((one) => ({ name: posix.basename(one), kind: kindOf(one) }));
    },
    glob: async (pattern, folder) => {
      const absolute = posix.resolve(folder, pattern);
      return everything().filter((path) => posix.matchesGlob(path, absolute));
    },
    realPath: async (path) => {
      if (!files.has(path) && !folders.has(path)) throw systemError('ENOENT', 'realpath', path);
      return posix.normalize(path);
    },
    writeAtomic: async (path, content, options) => {
      makeFolders(posix.dirname(path));
      effects.apply({ kind: 'write', subject: path }, () =>
        store(path, toBytes(content), options?.mode),
      );
    },
    appendStream: async (path, chunks, options) => {
      if (!folders.has(posix.dirname(path))) throw systemError('ENOENT', 'open', path);
      if (!files.has(path)) store(path, new Uint8Array());
      for await (const chunk of chunks) {
        effects.apply({ kind: 'append', subject: path }, () =>
          store(path, Buffer.concat([contentOf(path), chunk])),
        );
        options?.onBytes?.(chunk.length);
      }
    },
    rename: async (from, to) => {
      makeFolders(posix.dirname(to));
      const bytes = contentOf(from);
      effects.apply({ kind: 'rename', subject: to }, () => {
        store(to, bytes, files.get(from)?.mode);
        files.delete(from);
      });
    },
    clone: async (from, to) => {
      const bytes = contentOf(from);
      makeFolders(posix.dirname(to));
      if (files.has(to) || folders.has(to)) throw systemError('EEXIST', 'copyfile', to);
      effects.apply({ kind: 'clone', subject: to }, () => store(to, bytes.slice()));
    },
    remove: async (path) => {
      if (folders.has(path)) throw systemError('EISDIR', 'unlink', path);
      if (files.has(path)) {
        effects.apply({ kind: 'remove', subject: path }, () => files.delete(path));
      }
    },
    makeFolder: async (path) => {
      if (folders.has(path)) return;
      effects.apply({ kind: 'folder', subject: path }, () => makeFolders(path));
    },
    assemble: async (path, options) => {
      makeFolders(posix.dirname(path));
      if (!files.has(path)) {
        effects.apply({ kind: 'write', subject: path }, () => store(path, new Uint8Array()));
      }
      const put = (start: number, piece: Uint8Array): void => {
        const before = contentOf(path);
        const next = new Uint8Array(Math.max(before.length, start + piece.length));
        next.set(before);
        next.set(piece, start);
        effects.apply({ kind: 'part', subject: path }, () => store(path, next));
      };
      return createFakeAssembly({ put, content: () => contentOf(path) }, options);
    },
    digest: async (path, { chunkBytes, onHashed, signal }) => {
      signal?.throwIfAborted();
      const content = contentOf(path);
      onHashed?.(content.length);
      return digestedOf(content, chunkBytes);
    },
    space: async () => space,
    readStdin: async (bytesMax) => bounded(toBytes(stdin), bytesMax, 'standard input'),
  };
}

/** Small, so that tests meet the seams between chunks. */
const chunkBytes = 1024;

const toBytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();

function bounded(bytes: Uint8Array, bytesMax: number, name: string): Uint8Array {
  if (bytes.length <= bytesMax) return bytes.slice();
  throw systemError('ERR_FS_FILE_TOO_LARGE', 'read', name);
}
