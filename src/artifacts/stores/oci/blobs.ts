// Bringing bytes into the store. A blob appears under its digest only after its bytes were hashed
// and are on disk, so whatever is there with the right size is right and is not written again. A
// crash leaves temporary files, which nothing reads and the next run removes.
import type { Digest } from '../../../core/digest.ts';
import type { Io } from '../../../io/io.ts';
import type { ObtainedFile } from '../../transfer/obtained.ts';
import { placeFile } from '../place-file.ts';
import { blobPath } from './layout.ts';

export interface OciStore {
  /** Absolute path of the layout's folder. */
  readonly path: string;
  readonly io: Pick<Io, 'files' | 'random' | 'clock' | 'drafts'>;
}

/** Not hexadecimal alone, so never taken for a blob. */
export const temporarySuffix = '.partial';

/** A name for a blob that is being made, used by nobody else. */
export const newTemporary = (store: OciStore, digest: Digest): string =>
  `${blobPath(store.path, digest)}.${store.io.random.hex(6)}${temporarySuffix}`;

export async function hasBlob(store: OciStore, digest: Digest, bytes: number): Promise<boolean> {
  const found = await store.io.files.stat(blobPath(store.path, digest));
  return found?.kind === 'file' && found.bytes === bytes;
}

export async function putText(store: OciStore, digest: Digest, text: string): Promise<void> {
  if (await hasBlob(store, digest, Buffer.byteLength(text))) return;
  const { files, drafts } = store.io;
  await files.writeAtomic(blobPath(store.path, digest), text, { drafts });
}

/**
 * Takes over a local file as a blob. One that nobody writes into, and that was verified, gets a
 * second name where the file system can; of any other a clone is made, where the file system can
 * without copying, and hashed, so that a source that changes meanwhile cannot get in. Throws
 * ProblemError on other content.
 */
export async function putFile(
  store: OciStore,
  digest: Digest,
  source: Pick<ObtainedFile, 'path' | 'isUnchanging'>,
  options: { readonly signal: AbortSignal; readonly onHashed: (bytes: number) => void },
): Promise<void> {
  const temporary = newTemporary(store, digest);
  const to = blobPath(store.path, digest);
  await placeFile(store.io, { digest, source, temporary, to, ...options });
}
