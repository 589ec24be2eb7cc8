// Bytes of a model on their way into a bundle: obtained from this machine or the network, hashed on
// the way. Shared by both forms of a bundle.
import type { Digest } from '../../core/digest.ts';
import type { Io } from '../../io/io.ts';
import type { ObtainedFile } from '../transfer/obtained.ts';
import type { BundleContent, BundledFile } from './content.ts';

export interface WriteContext {
  readonly io: Pick<Io, 'files' | 'random' | 'clock' | 'drafts'>;
  readonly signal: AbortSignal;
  /** A verified copy on this machine. Throws ProblemError. */
  readonly obtain: (one: BundledFile) => Promise<ObtainedFile>;
  /** Called before the first byte with all that has to be written. Throws ProblemError. */
  readonly reserve: (missing: readonly BundledFile[], bytes: number) => Promise<void>;
  /** So many more bytes of the bundle's files are known to be right where they are. */
  readonly onBytes: (bytes: number) => void;
  /** Work on one more file begins. */
  readonly onFile: (one: BundledFile) => void;
}

export interface WrittenBundle {
  /** Digests of files that were not there yet. */
  readonly written: readonly Digest[];
}

export type WriteBundle = (
  path: string,
  content: BundleContent,
  context: WriteContext,
) => Promise<WrittenBundle>;
