// Several files as one content: the one digest that stands for all, and what their names say that
// they are. Pure.
import type { ArtifactFile } from './artifact.ts';
import { compareText } from './canonical.ts';
import type { Digest } from './digest.ts';
import { sha256Json } from './hash.ts';

/** Of one file its own digest; of several that of their list, whatever its order. */
export function digestOfFiles(files: readonly Pick<ArtifactFile, 'path' | 'digest'>[]): Digest {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return only.digest;
  return sha256Json(
    files.toSorted((a, b) => compareText(a.path, b.path)).map(({ path, digest }) => [path, digest]),
  );
}

export const isGguf = (path: string): boolean => /\.gguf$/i.test(path);
export const isSafetensors = (path: string): boolean => /\.safetensors$/i.test(path);

/** Not what stands beside a model: projectors, importance matrices, draft models (llama.cpp). */
export const isGgufModel = (path: string): boolean =>
  isGguf(path) && !/mmproj|imatrix|mtp-|eagle3-|dflash-|dspark-/i.test(nameOf(path));

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
