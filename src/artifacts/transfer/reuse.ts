// Bytes that are on this machine already: found by digest in one of its stores, and hashed before
// anyone relies on them. A damaged copy is passed over, and the bytes are fetched.
import type { ArtifactFile } from '../../core/artifact.ts';
import type { Io } from '../../io/io.ts';
import { hashFile } from '../hash-file.ts';
import type { LocalStore } from '../stores/local.ts';
import type { ObtainedFile } from './obtained.ts';
import type { Call } from './share-work.ts';

/** Null when no store has it. Throws node's own errors of the disk. */
export async function reuse(
  file: ArtifactFile,
  stores: readonly LocalStore[],
  { io, signal, onBytes }: Call & { readonly io: Io },
): Promise<ObtainedFile | null> {
  for (const store of stores) {
    const path = await store.find(file.digest, file.bytes);
    const stat = path === null ? null : await io.files.stat(path);
    if (path === null || stat === null) continue;
    const found = await hashFile(io.files, path, stat, {
      signal,
      onBytes: (bytes) => onBytes(bytes, file.bytes),
    });
    if (found === file.digest) return { path, downloadedBytes: 0, isUnchanging: true };
  }
  return null;
}
