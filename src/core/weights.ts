// Which files of an artifact are its weights, where they are spread over several, and the one
// digest that stands for them. Pure.
import { compareText } from './canonical.ts';
import type { Digest } from './digest.ts';
import { sha256Json } from './hash.ts';

/** By their names; what llama.cpp's tools call mmproj is a projector beside the weights. */
export const isWeightsPath = (path: string): boolean =>
  /\.(?:gguf|safetensors)$/i.test(path) && !isProjectorPath(path);

export const isProjectorPath = (path: string): boolean => /(?:^|[/._-])mmproj[^/]*$/i.test(path);

/** The digest of those that are weights by their names; where none is, of all. */
export function weightsOf(
  files: readonly { readonly path: string; readonly digest: Digest }[],
): Digest {
  const weights = files.filter(({ path }) => isWeightsPath(path));
  return weightsDigest(weights.length === 0 ? files : weights);
}

/**
 * Of one file its own digest, so that the same file is the same model wherever it came from; of
 * several that of the list of theirs, sorted, since names and order differ between sources.
 */
export function weightsDigest(files: readonly { readonly digest: Digest }[]): Digest {
  const digests = [...new Set(files.map((file) => file.digest))].toSorted(compareText);
  const [only] = digests;
  return only !== undefined && digests.length === 1 ? only : sha256Json(digests);
}
