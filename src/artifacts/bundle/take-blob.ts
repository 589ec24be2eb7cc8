// One blob from a bundle into a store, verified on the way. It has its name there only when its bytes
// are what the name says.
import { createHash } from 'node:crypto';
import type { ArtifactFile } from '../../core/artifact.ts';
import { digestHex } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import { drafting } from '../stores/draft.ts';
import { newTemporary, type OciStore, putFile } from '../stores/oci/blobs.ts';
import { blobFolder, blobPath } from '../stores/oci/layout.ts';
import { type BlobPlace, type OpenBundle, streamOf } from './open.ts';
import { damaged } from './problems.ts';

export interface TakeCall {
  readonly signal: AbortSignal;
  /** Of this blob, so far. */
  readonly onBytes: (bytes: number) => void;
}

/** Throws ProblemError `bundle/damaged` for other content, and what the disk refuses. */
export async function takeBlob(
  bundle: OpenBundle,
  store: OciStore,
  file: ArtifactFile,
  call: TakeCall,
): Promise<void> {
  const place = await bundle.locate(file.digest);
  if (place === null) throw damaged(bundle.path, `The blob ${file.digest} is missing.`);
  const isWhole =
    place.range === undefined
      ? await takeFile(store, file, place, call)
      : await takePart(store, file, place, call);
  if (isWhole) return;
  throw damaged(
    bundle.path,
    `The blob ${file.digest} (${file.path}) does not have the content of its name.`,
  );
}

/** A clone, where the file system can: the bundle stays what it is, whatever becomes of the store. */
async function takeFile(
  store: OciStore,
  { digest }: ArtifactFile,
  { path }: BlobPlace,
  { signal, onBytes }: TakeCall,
): Promise<boolean> {
  try {
    await putFile(store, digest, { path, isUnchanging: false }, { signal, onHashed: onBytes });
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'store/digest-mismatch')
      return false;
    throw error;
  }
}

async function takePart(
  store: OciStore,
  { digest }: ArtifactFile,
  place: BlobPlace,
  { signal, onBytes }: TakeCall,
): Promise<boolean> {
  const { files } = store.io;
  const temporary = newTemporary(store, digest);
  const hash = createHash('sha256');
  let bytes = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of streamOf(store.io, place)) {
      signal.throwIfAborted();
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  return drafting(store.io, temporary, async () => {
    await files.makeFolder(blobFolder(store.path));
    await files.appendStream(temporary, hashed(), { onBytes: () => onBytes(bytes) });
    const isWhole = hash.digest('hex') === digestHex(digest);
    if (isWhole) await files.rename(temporary, blobPath(store.path, digest));
    else await files.remove(temporary);
    return isWhole;
  });
}
