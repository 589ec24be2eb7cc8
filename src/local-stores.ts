// The stores of this machine that bytes may be in already: those of engines that keep files as they
// are, what other tools share, and what a bundle brought.
import { posix } from 'node:path';
import { huggingFaceCache } from './artifacts/stores/huggingface/index.ts';
import {
  blobStore,
  huggingFaceStore,
  type LocalStore,
  ociStore,
  unlessClosed,
} from './artifacts/stores/local.ts';
import { restoredFolder } from './artifacts/stores/restored.ts';
import { findNamed } from './backends/huggingface/find-named.ts';
import { blobPath } from './backends/ollama/store.ts';
import type { ArtifactFile } from './core/artifact.ts';
import type { BackendReference } from './core/backend-reference.ts';
import { homeOf } from './io/home.ts';
import type { Io } from './io/io.ts';

/** Of engines first: a file there is known to serve one. */
export const localStores = (
  references: readonly BackendReference[],
  io: Io,
): readonly LocalStore[] => [
  ...engineStores([...references, usualEngine(io)], io),
  ociStore(io.files, restoredFolder(homeOf(io.environment).cache)),
  ...cacheStores(references, io),
  ...ollamaStores(references, io),
];

/** The embedded one, which may hold bytes though no ledger says so. */
const usualEngine = ({ environment }: Io): StoreReference => ({
  type: 'embedded',
  store: posix.join(homeOf(environment).cache, 'oci'),
});

type StoreReference = Pick<BackendReference, 'type' | 'store'>;

export const engineStores = (
  references: readonly StoreReference[],
  io: Io,
): readonly LocalStore[] =>
  [...new Set(references.flatMap(storeOf))].map((folder) => ociStore(io.files, folder));

/** The usual one, which other tools share, and those in which models are kept. */
function cacheStores(references: readonly BackendReference[], io: Io): readonly LocalStore[] {
  const folders = references.flatMap(({ type, store }) =>
    type === 'huggingface' && store !== null ? [store] : [],
  );
  return [...[...new Set(folders)].map((folder) => keptStore(folder, io)), huggingFaceStore(io)];
}

function keptStore(folder: string, io: Io): LocalStore {
  const store = huggingFaceStore(io, huggingFaceCache(io, folder));
  const find: LocalStore['find'] = async (digest, bytes) =>
    (await store.find(digest, bytes)) ?? unlessClosed(() => findNamed(io, folder, digest, bytes));
  return { ...store, find };
}

/** Ollama's own, where it is on this machine and may be read. */
const ollamaStores = (
  references: readonly BackendReference[],
  { files }: Io,
): readonly LocalStore[] =>
  [
    ...new Set(
      references.flatMap(({ type, store }) => (type === 'ollama' && store !== null ? [store] : [])),
    ),
  ].map((folder) =>
    blobStore(files, {
      label: `Ollama's store ${folder}`,
      folder,
      pathOf: (digest) => blobPath(folder, digest),
    }),
  );

const storeOf = ({ type, store }: StoreReference): readonly string[] =>
  type !== 'ollama' && store !== null ? [store] : [];

export async function isInAny(
  stores: readonly LocalStore[],
  file: Pick<ArtifactFile, 'digest' | 'bytes'>,
): Promise<boolean> {
  for (const store of stores) {
    if ((await store.find(file.digest, file.bytes)) !== null) return true;
  }
  return false;
}
