// Where the embedded engine keeps things on this machine: its store, and the folder through which
// a running engine is found. One engine serves one store.
import { join } from 'node:path';
import { digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { engineFiles } from '../../engine/protocol.ts';
import { homeOf } from '../../io/home.ts';
import type { Io } from '../../io/io.ts';
import { realStorePath } from '../store-path.ts';

export interface Place {
  /** Real path of the OCI image layout. */
  readonly store: string;
  /** Where its engine leaves state, log and lock. */
  readonly folder: string;
  readonly logFile: string;
}

/** `declared` is a store of the user's choice; null: the one in the cache folder. */
export async function placeOf(io: Io, declared: string | null): Promise<Place> {
  const store = await storePath(io, declared);
  const usual = await storePath(io, null);
  const engines = enginesFolder(io);
  const folder =
    store === usual ? engines : join(engines, digestHex(sha256Text(store)).slice(0, 12));
  return { store, folder, logFile: join(folder, engineFiles.log) };
}

/** The usual store's engine keeps its files here; those of other stores in folders below. */
export const enginesFolder = (io: Io): string => join(homeOf(io.environment).state, 'engine');

/** `declared` as in placeOf. */
export const storePath = (io: Io, declared: string | null): Promise<string> =>
  realStorePath(io, declared ?? join(homeOf(io.environment).cache, 'oci'));
