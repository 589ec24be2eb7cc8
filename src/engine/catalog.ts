// Which models the engine can serve: the names in its store, read anew for each request, because
// others change the store while the engine runs.

import type { OciStore } from '../artifacts/stores/oci/blobs.ts';
import { filesOf, weightsLayer } from '../artifacts/stores/oci/image.ts';
import { blobPath } from '../artifacts/stores/oci/layout.ts';
import { findName, readNames, type StoredName } from '../artifacts/stores/oci/read.ts';
import { compareText } from '../core/canonical.ts';
import type { LoadOptions, Recipe } from '../core/desired.ts';
import type { Digest } from '../core/digest.ts';
import { ProblemError } from '../core/problem.ts';
import { badRequest, damagedModel, unknownModel } from './problems.ts';

export interface ServedModel {
  readonly name: string;
  /** Which content: names over the same files share one process. */
  readonly files: readonly Digest[];
  readonly path: string;
  readonly adapters: readonly string[];
  readonly recipe: Recipe;
  /** What a client's own request loads it with. */
  readonly load: LoadOptions;
}

/** Throws ProblemError: unknown, incomplete, or not a model. */
export async function findModel(store: OciStore, name: string): Promise<ServedModel> {
  const stored = await findName(store, name);
  if (stored === null) throw new ProblemError(unknownModel(name));
  if (!stored.whole || stored.image === null) throw new ProblemError(damagedModel(name));
  const weights = weightsLayer(stored.image);
  if (weights === null) throw new ProblemError(badRequest(`${name} holds no weights.`));
  return {
    name,
    files: filesOf(stored.image),
    path: blobPath(store.path, weights),
    adapters: (stored.image.recipe.adapters ?? []).map(({ digest }) =>
      blobPath(store.path, digest),
    ),
    recipe: stored.image.recipe,
    load: stored.load,
  };
}

/** Names that a client can ask for, sorted. */
export async function listModels(store: OciStore): Promise<readonly StoredName[]> {
  const names = await readNames(store);
  return names
    .filter(
      (stored) => stored.whole && stored.image !== null && weightsLayer(stored.image) !== null,
    )
    .toSorted((a, b) => compareText(a.name, b.name));
}
