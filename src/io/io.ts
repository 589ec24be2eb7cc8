// The ports: everything that modelctl asks of the world outside the process. The real ones are
// in node.ts; tests and the simulator bring their own. No other file may touch a clock, a
// network, a disk, a process, randomness or the environment.
import type { Digest } from '../core/digest.ts';
import type { Drafts } from '../core/draft.ts';
import type { FolderAccess } from '../core/folder-access.ts';
import type { OnWait } from '../core/progress.ts';
import type { Span, Spans } from '../core/span.ts';
import type { Processes } from './processes.ts';

export type { FileLock, Processes, ProgramAnswer, Ran } from './processes.ts';

export interface Io {
  readonly files: Files;
  /** For engines: light to load, for small exchanges on this machine or the local network. */
  readonly http: Http;
  /** For the places that models come from: fast bodies, proxies, private authorities. */
  readonly web: Http;
  readonly processes: Processes;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly random: Random;
  /** Where a run notes the files that it is making; absent: nowhere. */
  readonly drafts?: Drafts | undefined;
}

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** What stands under a name itself: a link is a link, wherever it leads. */
export interface FileEntry {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** How many names its bytes have (hard links); of a file with two, removing one frees nothing. */
  readonly names: number;
  /** Tells its bytes from those of other files of this machine: the same for all of their names. */
  readonly inode: string;
  /** Permissions, as in 0o644. */
  readonly mode: number;
  /** What it takes on the disk: less than `bytes` while parts of a file were never written. */
  readonly diskBytes: number;
}

/** Bytes on the file system that holds a path. */
export interface FileSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface ByteRange {
  /** First byte, counted from 0. */
  readonly start: number;
  /** Last byte, inclusive, as in an HTTP Range; absent: to the end. */
  readonly end?: number;
}

/** Paths are absolute. Failures are thrown as node's own errors, with `code` (`ENOENT` …). */
export interface Files {
  /** Follows links. Null when nothing is there. */
  readonly stat: (path: string) => Promise<FileStat | null>;
  /** Follows no link in the last part of the path. Null when nothing is there. */
  readonly entry: (path: string) => Promise<FileEntry | null>;
  /** Where a symbolic link leads, as it was written. Throws `EINVAL` for what is no link. */
  readonly readLink: (path: string) => Promise<string>;
  /** Throws `ERR_FS_FILE_TOO_LARGE` beyond `bytesMax`, before reading. */
  readonly readBytes: (path: string, bytesMax: number) => Promise<Uint8Array>;
  readonly readStream: (path: string, range?: ByteRange) => AsyncIterable<Uint8Array>;
  /**
   * Names in a folder, sorted, with what each is. Links are reported as what they lead to, and as
   * `other` where that cannot be told.
   */
  readonly list: (path: string) => Promise<readonly { name: string; kind: FileStat['kind'] }[]>;
  /** Absolute paths that match, sorted. */
  readonly glob: (pattern: string, folder: string) => Promise<readonly string[]>;
  readonly realPath: (path: string) => Promise<string>;
  /**
   * Temporary file in the same folder, fsync, rename, fsync of the folder. Makes folders; a link
   * is written through; permissions of a file that is replaced are kept unless `mode` says more.
   * The temporary file is noted in `drafts` while it is there.
   */
  readonly writeAtomic: (
    path: string,
    content: string | Uint8Array,
    options?: { readonly mode?: number; readonly drafts?: Drafts | undefined },
  ) => Promise<void>;
  /**
   * Appends to a file (made if absent), calls `onBytes` with the length of each chunk once it is
   * written, ends with an fsync.
   */
  readonly appendStream: (
    path: string,
    chunks: AsyncIterable<Uint8Array>,
    options?: { readonly onBytes?: (bytes: number) => void },
  ) => Promise<void>;
  /** Replaces `to`. Makes its folders; fsyncs the folder, so that the name survives a crash. */
  readonly rename: (from: string, to: string) => Promise<void>;
  /**
   * A copy-on-write clone where the file system can, else a plain copy; fails if `to` exists.
   * Makes its folders; the bytes are on disk when it returns. A crash may leave a part of a copy.
   */
  readonly clone: (from: string, to: string) => Promise<void>;
  /** A second name for the same bytes; fails if `to` exists. Makes its folders; durable. */
  readonly link: (from: string, to: string) => Promise<void>;
  /**
   * What this process may do in a folder. `write` is more than being let in: what it makes there
   * can be given to the folder's owner, so it is that owner itself, or root.
   */
  readonly accessTo: (folder: string) => Promise<FolderAccess>;
  /** Whether two paths lie on one file system. One that is not there yet counts by its folder. */
  readonly onSameDisk: (a: string, b: string) => Promise<boolean>;
  /** Sets the permissions, the owner of `like` (where this is root), and the time of change: now. */
  readonly giveLike: (path: string, mode: number, like: string) => Promise<void>;
  /** A symbolic link that says `target`; fails if `path` exists. Makes its folders; durable. */
  readonly symlink: (target: string, path: string) => Promise<void>;
  /** A file or a link. Nothing there is fine; a folder is an error. */
  readonly remove: (path: string) => Promise<void>;
  /** False, and nothing done, while something is in it. Nothing there is fine. */
  readonly removeFolder: (path: string) => Promise<boolean>;
  readonly makeFolder: (path: string) => Promise<void>;
  /** Null when the platform cannot tell. A path that is not there yet counts by its folder. */
  readonly space: (path: string) => Promise<FileSpace | null>;
  /**
   * A file that is put together from parts, in any order: opened, or made with its folders; `present`
   * is kept and hashed again, everything else may be overwritten.
   */
  readonly assemble: (
    path: string,
    options: AssemblyOptions & { readonly present: Spans },
  ) => Promise<Assembly>;
  /** Begins with what `assemble` takes some time to start; to be called where it is soon needed. */
  readonly prepareToAssemble?: () => void;
  /** Reads a file once, for its hashes; off the main thread. */
  readonly digest: (path: string, options: DigestOptions) => Promise<Digested>;
  /** The whole of standard input, at most `bytesMax`. */
  readonly readStdin: (bytesMax: number) => Promise<Uint8Array>;
}

export interface DigestOptions {
  /** Of the whole file. */
  readonly bytes: number;
  /** Each stretch of so many bytes gets a checksum of its own. */
  readonly chunkBytes: number;
  readonly onHashed?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface AssemblyOptions {
  readonly bytes: number;
  readonly chunkBytes: number;
  /** Called for what the file has now, as far as the process is concerned: it survives its end. */
  readonly onWritten: (span: Span) => void;
}

export interface Digested {
  readonly digest: Digest;
  /** CRC-32 of each chunk, in order: finds where a damage is, and proves nothing. */
  readonly chunks: readonly number[];
}

/** Several parts are written at the same time. Everything rejects with node's own errors. */
export interface Assembly {
  /** A stretch of the file, in order from `start` on. */
  readonly part: (start: number) => AssemblyPart;
  /** Everything that `onWritten` has told of is on the disk itself when this resolves. */
  readonly sync: () => Promise<void>;
  /** Once all bytes are written: on the disk, and hashed. */
  readonly finish: () => Promise<Digested>;
  /** Lets go of the file; what was written stays. */
  readonly close: () => Promise<void>;
}

export interface AssemblyPart {
  /** Copies the bytes. A promise, where there is one, resolves when there is room for more. */
  readonly write: (bytes: Uint8Array) => Promise<void> | undefined;
  /** Resolves when all of the part is written. */
  readonly end: () => Promise<void>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes is sent with its length; a stream needs `Content-Length` in `headers`. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Until the response's headers are there; counts anew with each chunk of a body stream. */
  readonly timeoutMs: number;
  /** Between two chunks of the response's body; default: `timeoutMs`. */
  readonly idleTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Of a POST: sent once more where a kept connection closes as it goes out. Only for `Io.http`. */
  readonly isRepeatable?: boolean;
  /**
   * A chunk of the body is looked at no longer than until the next one is asked for: its memory is
   * then used again, which saves half the time of a long body. Only `Io.web` does so.
   */
  readonly lendsChunks?: boolean;
  /** Told when it is held back on purpose, by those who stand before the port and do that. */
  readonly onWait?: OnWait | undefined;
  /** How the server is reached; only `Io.web` heeds it. */
  readonly connection?: HttpConnection;
}

export interface HttpConnection {
  /** Its address, which may hold credentials; null: none. Default: what the environment says. */
  readonly proxy?: string | null;
  /** PEM certificates that are trusted beside those that Node trusts. */
  readonly ca?: string;
  /** At once to one origin; further requests wait, within their own timeouts. */
  readonly connectionsMax?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Must be read or cancelled (`return()`), else the connection stays open. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * HTTP/1.1 with kept-alive connections. Redirects are not followed: what a redirect means differs
 * per protocol. Throws `HttpError` when no response came, never for a status.
 */
export interface Http {
  readonly request: (request: HttpRequest) => Promise<HttpResponse>;
}

/** No usable answer came. `reason` tells a host that is down from one that is slow. */
export class HttpError extends Error {
  readonly reason: 'refused' | 'unresolved' | 'timeout' | 'cut' | 'tls' | 'proxy' | 'other';
  constructor(reason: HttpError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpError';
    this.reason = reason;
  }
}

export interface Environment {
  readonly get: (name: string) => string | undefined;
  readonly hostname: string;
  readonly homeFolder: string;
  readonly workingFolder: string;
  readonly platform: string;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since some moment, on a clock that nobody sets: for how long something takes. */
  readonly elapsed: () => number;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  /** Calls again and again until what it returns is called. Keeps no process alive. */
  readonly every: (periodMs: number, onTick: () => void) => () => void;
}

export interface Random {
  /** In [0, 1). */
  readonly fraction: () => number;
  /** Lower-case hex of so many random bytes, fit for secrets. */
  readonly hex: (bytes: number) => string;
}
