// What the lock holds, as values: the set, and for each model the bytes it stood for when it was
// resolved. How that looks as text is for the other lock files.
import type { Artifact } from '../core/artifact.ts';

/** For who reads the file: 10,000 entries take a tenth of it. */
export const lockBytesMax = 256 * 1024 * 1024;

export interface LockHeader {
  /** The set's random id. */
  readonly set: string;
  /** The manifest files it was made from, relative to its own folder, with forward slashes. */
  readonly files: readonly string[];
}

export interface LockEntry extends Artifact {
  /** metadata.name of the Model. */
  readonly model: string;
  /** metadata.name of the HardwareTarget; `-` when the Model names none. */
  readonly target: string;
}

export interface LockFile extends LockHeader {
  /** In the order of the file. */
  readonly entries: readonly LockEntry[];
}

/** Source comes last: the other two cannot contain a bar, so the text is unambiguous. */
export const entryKey = (entry: Pick<LockEntry, 'model' | 'target' | 'source'>): string =>
  `${entry.model}|${entry.target}|${entry.source}`;

export function artifactOf(entry: LockEntry): Artifact {
  const { model: _model, target: _target, ...artifact } = entry;
  return artifact;
}
