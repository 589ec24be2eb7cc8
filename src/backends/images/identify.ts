// What a name is stored as, which can be told before it is built: a manifest is a function of content
// and recipe. Pure.
import { type ModelImage, modelImage, type StoredImage } from '../../artifacts/stores/oci/image.ts';
import type { Artifact } from '../../core/artifact.ts';
import type { Digest } from '../../core/digest.ts';
import type { Details } from '../../core/observed.ts';
import type { PlacementShape } from '../backend.ts';

/** See Backend.identify: a manifest is a function of content and recipe. */
export const identify = (
  shape: PlacementShape,
  artifact: Artifact,
  shapes: readonly PlacementShape[],
): Digest | null => imageOf(shape, artifact, shapes)?.digest ?? null;

/** What a shape is stored as; null for an alias of a name that is not among the shapes. */
function imageOf(
  { build }: Pick<PlacementShape, 'build'>,
  artifact: Artifact,
  shapes: readonly PlacementShape[],
): ModelImage | null {
  switch (build.kind) {
    case 'source':
      return modelImage(artifact, {});
    case 'derive':
      return modelImage(artifact, build.recipe);
    case 'alias': {
      const original = shapes.find((shape) => shape.name === build.of);
      return original === undefined ? null : imageOf(original, artifact, shapes);
    }
  }
}

export const detailsOf = ({
  weights,
  recipe,
}: Pick<StoredImage, 'weights' | 'recipe'>): Details => ({
  weights,
  recipe,
});
