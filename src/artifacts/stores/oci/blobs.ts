// Bringing bytes into the store. A blob appears under its digest only after its bytes were hashed
// and are on disk, so whatever is there with the right size is right and is not written again. A
// crash leaves temporary files, which nothing reads and the sweep removes.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Digest, digestHex } from '../../../core/digest.ts';
import { errorProblem, ProblemError } from '../../../core/problem.ts';
import type { Io } from '../../../io/io.ts';
import { blobFolder, blobPath } from './layout.ts';

export interface OciStore {
  /** Absolute path of the layout's folder. */
  readonly path: string;
  readonly io: Pick<Io, 'files' | 'random' | 'clock'>;
}

/** Not hexadecimal alone, so never taken for a blob. */
export const temporarySuffix = '.partial';

export async function hasBlob(store: OciStore, digest: Digest, bytes: number): Promise<boolean> {
  const found = await store.io.files.stat(blobPath(store.path, digest));
  return found?.kind === 'file' && found.bytes === bytes;
}

export async function putText(store: OciStore, digest: Digest, text: string): Promise<void> {
  if (await hasBlob(store, digest, Buffer.byteLength(text))) return;
  await store.io.files.writeAtomic(blobPath(store.path, digest), text);
}

/**
 * Takes over a local file as a blob: a clone where the file system can, hashed after it was made,
 * so that a source that changes meanwhile cannot get in. Throws ProblemError on other content.
 */
export async function putFile(
  store: OciStore,
  digest: Digest,
  source: string,
  options: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<void> {
  const { files, random } = store.io;
  const name = `${digestHex(digest)}.${random.hex(6)}${temporarySuffix}`;
  const temporary = join(blobFolder(store.path), name);
  try {
    await files.clone(source, temporary);
    const hash = createHash('sha256');
    for await (const chunk of files.readStream(temporary)) {
      options.signal.throwIfAborted();
      hash.update(chunk);
      options.onBytes(chunk.length);
    }
    const found: Digest = `sha256:${hash.digest('hex')}`;
    if (found !== digest) throw new ProblemError(otherContent(source, digest, found));
    await files.rename(temporary, blobPath(store.path, digest));
  } catch (error) {
    await files.remove(temporary);
    throw error;
  }
}

const otherContent = (source: string, wanted: Digest, found: Digest) =>
  errorProblem({
    code: 'store/digest-mismatch',
    summary: 'A file is not what its digest says',
    detail: `${source} was to be ${wanted}, and is ${found}. It was not stored.`,
    remedy: 'Apply again. If it stays so, the file changes while it is read.',
    retry: 'later',
  });
