// The extension point for where bytes come from: read this to add a source. Each source is one
// folder under sources/ and stands in the one list, sources/index.ts.
import type { Artifact, ArtifactFile } from '../core/artifact.ts';
import type { Checked } from '../core/problem.ts';
import type { OnWait } from '../core/progress.ts';
import type { ByteRange, Io } from '../io/io.ts';
import type { Routes } from './registries/route.ts';

export interface SourceContext {
  readonly io: Io;
  /** Relative `file://` references are meant from here: the folder of the declaring manifest. */
  readonly folder: string;
  /** How the places that references name are reached. */
  readonly routes: Routes;
  readonly signal: AbortSignal;
}

/**
 * Bytes as a source hands them out. A server may send the whole file although a part was asked
 * for, so `start` is looked at before anything is appended to what is there already.
 */
export interface OpenedFile {
  /** Which byte of the file comes first. */
  readonly start: number;
  /** The byte after the last one, as the server announces it; null when it does not. */
  readonly end: number | null;
  /** Of the whole file; null when the server does not tell. */
  readonly totalBytes: number | null;
  /**
   * Names this version of the file to the server that sent it (a strong ETag, else a date), and says
   * which server that was; null without.
   */
  readonly validator: string | null;
  /** Must be read or cancelled (`return()`). */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface FilePart {
  /** Absent: all of it. */
  readonly range?: ByteRange;
  /**
   * What `OpenedFile` said: the same server sends another version of the file whole, not in part. To
   * others it means nothing; whether the parts fit together the digest tells in the end.
   */
  readonly validator?: string;
  /**
   * Each chunk is looked at no longer than until the next is asked for. Then its memory is used
   * again, which is much faster; and a bandwidth window that pauses transfers holds this one.
   */
  readonly lendsChunks?: boolean;
  /** Told when the bytes are held back on purpose. */
  readonly onWait?: OnWait | undefined;
  readonly signal: AbortSignal;
}

/** One file of an artifact. What was learned of where it is serves all reads of it. */
export interface ReadableFile {
  /** Throws ProblemError, also while the bytes are read. */
  readonly read: (part: FilePart) => Promise<OpenedFile>;
}

export interface Source {
  /** The scheme that it answers to, as in `ollama`. */
  readonly scheme: string;
  /**
   * Pure. The one spelling of a reference, so that equal means equal; refused when it cannot be
   * one. `file://` stays relative to its manifest, so that a lock can travel.
   */
  readonly canonicalize: (reference: string) => Checked<string>;
  /**
   * Pure. Whether a canonical reference names its very bytes, as a digest or a commit does, so that
   * it can never move. Absent: none does.
   */
  readonly isPinned?: (canonical: string) => boolean;
  /** Reads only, headers and manifests only: turns a floating reference into pinned bytes. */
  readonly resolve: (reference: string, context: SourceContext) => Promise<Checked<Artifact>>;
  /**
   * One file of an artifact, to be read in parts. Asks nothing yet. What it gives is unverified:
   * whoever stores it compares with the digest. Throws ProblemError for an artifact of another
   * source.
   */
  readonly open: (artifact: Artifact, file: ArtifactFile, context: SourceContext) => ReadableFile;
}

/** What only sources of files on this machine can say. */
export interface LocalSource {
  /**
   * Pure. The reference as seen from another folder, so that two folders' files of one name stay
   * two sources, and a lock that stands above both means the same everywhere.
   */
  readonly rebase: (reference: string, from: string, to: string, platform: string) => string;
  /** Absolute path of a canonical reference. */
  readonly localPath: (canonical: string, context: Pick<SourceContext, 'io' | 'folder'>) => string;
}

/** The list of sources (sources/index.ts) as the stages see it. */
export interface Sources {
  /** Pure. The canonical spelling of any reference; a bare `name:tag` is Ollama's. */
  readonly canonicalize: (reference: string) => Checked<string>;
  /** The source that a canonical reference belongs to. */
  readonly sourceOf: (canonical: string) => Source;
  /** The source of files on this machine. */
  readonly local: LocalSource & Pick<Source, 'scheme'>;
}
