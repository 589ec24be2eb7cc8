// Which of the files that modelctl put into caches of other tools are still needed there, and by whom:
// an engine whose store has the same bytes, or a model that is kept in the cache for its own sake.
import { cacheFolder } from './artifacts/stores/huggingface/folder.ts';
import { createSharing, type Sharing } from './artifacts/transfer/share-file.ts';
import type { PerformContext } from './backends/backend.ts';
import { neededBy, readNames } from './backends/huggingface/names.ts';
import { placeOf } from './backends/huggingface/place.ts';
import { realStorePath } from './backends/store-path.ts';
import type { BackendReference } from './core/backend-reference.ts';
import type { SharedFile } from './core/shared-file.ts';
import type { Io } from './io/io.ts';
import { engineStores } from './local-stores.ts';
import type { Ledger } from './record/ledger.ts';

export interface SharedCaches extends Pick<PerformContext, 'sharedFiles' | 'isStored'> {
  readonly share: Sharing['share'];
  /** When a run has ended. Throws ProblemError. */
  readonly sweep: () => Promise<void>;
}

export async function sharedCaches(
  references: readonly BackendReference[],
  ledger: Pick<Ledger, 'sharedFiles' | 'inventory'>,
  io: Io,
): Promise<SharedCaches> {
  const stores = engineStores(references, io);
  /** On the disk of the cache: else the name there is a copy, which takes room. */
  const isStored: SharedCaches['isStored'] = async ({ cache, digest, bytes }) => {
    for (const store of stores) {
      const path = await store.find(digest, bytes);
      if (path !== null && (await io.files.onSameDisk(path, cache))) return true;
    }
    return false;
  };
  const kept = (): ((file: SharedFile) => Promise<boolean>) => {
    const byCache = new Map<string, ReturnType<typeof keptIn>>();
    return async (file) => {
      const known = byCache.get(file.cache) ?? keptIn(file.cache, ledger, io);
      byCache.set(file.cache, known);
      return (await known)(file);
    };
  };
  const sharing = createSharing({
    io,
    files: ledger.sharedFiles,
    folder: await realStorePath(io, cacheFolder(io.environment)),
    kept,
  });
  return {
    sharedFiles: ledger.sharedFiles,
    isStored,
    share: sharing.share,
    sweep: () => {
      const isKept = kept();
      return sharing.sweep(async (file) => (await isKept(file)) || (await isStored(file)));
    },
  };
}

/** A name that no set has on record is one that a cut-off run left, or that somebody removed. */
async function keptIn(
  cache: string,
  ledger: Pick<Ledger, 'inventory'>,
  io: Io,
): Promise<(file: SharedFile) => boolean> {
  const owned = new Set(
    ledger
      .inventory()
      .flatMap(({ backend, name }) => (backend === `huggingface:${cache}` ? [name] : [])),
  );
  const names = await readNames(placeOf(io, cache), io);
  return neededBy(new Map([...names].filter(([name]) => owned.has(name))));
}
