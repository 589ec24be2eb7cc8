// Where on this machine bytes may be already, whoever brought them: what one of these stores has is
// not fetched again. They are asked by digest and size, never searched.
import type { Digest } from '../../core/digest.ts';
import { isAbsent } from '../../io/error-code.ts';
import type { Files } from '../../io/io.ts';
import { type HuggingFaceCache, huggingFaceCache } from './huggingface/index.ts';
import type { CacheStore } from './huggingface/store.ts';
import { blobPath } from './oci/layout.ts';

export interface LocalStore {
  /** For people: `the Hugging Face cache`. */
  readonly label: string;
  /** Absolute. */
  readonly folder: string;
  /**
   * Path of a file that should have these bytes, which is not verified; null without, and where it
   * may not be looked at.
   */
  readonly find: (digest: Digest, bytes: number) => Promise<string | null>;
}

export const ociStore = (files: Files, folder: string): LocalStore =>
  blobStore(files, {
    label: `the store ${folder}`,
    folder,
    pathOf: (digest) => blobPath(folder, digest),
  });

export function huggingFaceStore(
  io: CacheStore['io'],
  cache: HuggingFaceCache = huggingFaceCache(io),
): LocalStore {
  return {
    label: 'the Hugging Face cache',
    folder: cache.path,
    find: (digest, bytes) => unlessClosed(() => cache.findBlob(digest, bytes)),
  };
}

/** Any store that names files by their digest. */
export const blobStore = (
  files: Files,
  store: Pick<LocalStore, 'label' | 'folder'> & { readonly pathOf: (digest: Digest) => string },
): LocalStore => ({
  label: store.label,
  folder: store.folder,
  find: (digest, bytes) =>
    unlessClosed(async () => {
      const path = store.pathOf(digest);
      const found = await files.stat(path);
      return found?.kind === 'file' && found.bytes === bytes ? path : null;
    }),
});

/** Others' stores may be closed to us, and are then of no use. */
export async function unlessClosed(look: () => Promise<string | null>): Promise<string | null> {
  try {
    return await look();
  } catch (error) {
    if (isAbsent(error) || isClosed(error)) return null;
    throw error;
  }
}

const isClosed = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
