// Where a name that an engine made comes from. Engines rewrite what they are given, so the digest
// of the result cannot be foreseen; what went in can be compared instead. The ledger maps digest
// to this.
import type { Artifact } from './artifact.ts';
import type { Build, Recipe } from './desired.ts';
import type { Digest } from './digest.ts';
import { sha256Json } from './hash.ts';

export interface Made {
  /** The artifact's revision. */
  readonly revision: Digest;
  /** The engine's digest of the base that it was derived from. */
  readonly base: Digest | null;
  /** Hash of the recipe, in canonical form. */
  readonly recipe: Digest | null;
}

export const recipeDigest = (recipe: Recipe): Digest => sha256Json(recipe);

/** What building this would record; `base` is the engine's digest of the base at that time. */
export const madeFrom = (build: Build, artifact: Artifact, base: Digest | null): Made => ({
  revision: artifact.revision,
  base: build.kind === 'derive' ? base : null,
  recipe: build.kind === 'derive' ? recipeDigest(build.recipe) : null,
});

export const sameMade = (a: Made, b: Made): boolean =>
  a.revision === b.revision && a.base === b.base && a.recipe === b.recipe;
