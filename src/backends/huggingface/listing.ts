// What a cache holds beside the names on record: each commit of a repository that some tool brought,
// called by the branch or tag that leads to it. Told to people; its digests are compared with nothing.
import type { HuggingFaceCache } from '../../artifacts/stores/huggingface/index.ts';
import type { CachedFile, CachedRevision } from '../../artifacts/stores/huggingface/scanned.ts';
import { digestOfFiles } from '../../core/artifact-files.ts';
import { type Digest, parseDigest } from '../../core/digest.ts';
import { sha256Json } from '../../core/hash.ts';
import type { ObservedPlacement } from '../../core/observed.ts';
import { isWeightsPath, weightsDigest } from '../../core/weights.ts';
import { type Names, neededBy } from './names.ts';
import { canonicalName, detailsOf } from './translate.ts';

/** Throws ProblemError when the cache cannot be read. */
export async function unrecorded(
  cache: HuggingFaceCache,
  names: Names,
): Promise<readonly ObservedPlacement[]> {
  const isNeeded = neededBy(names);
  const { repositories } = await cache.scan();
  return repositories
    .filter(({ type }) => type === 'models')
    .flatMap(({ id, revisions }) =>
      revisions
        .filter(({ commit, files }) =>
          files.some(({ path }) => !isNeeded({ repository: id, commit, path })),
        )
        .flatMap((revision) => namesOf(id, revision).map((name) => placementOf(name, revision))),
    );
}

/** By its commit where nothing leads to it. */
const namesOf = (repository: string, { commit, refs }: CachedRevision): readonly string[] =>
  (refs.length === 0 ? [commit] : refs).map((ref) => {
    const name = `${repository}@${ref}`;
    return canonicalName(name) ?? name;
  });

function placementOf(name: string, { files }: CachedRevision): ObservedPlacement {
  return {
    name,
    digest: digestOf(files),
    bytes: files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    details: detailsOf({ weights: weightsOf(files) }),
    loaded: null,
  };
}

/** As of a locked model, where the names of all blobs say what they are. */
function digestOf(files: readonly CachedFile[]): Digest {
  const known = files.flatMap((file) => {
    const digest = sha256Of(file);
    return digest === null ? [] : [{ path: file.path, digest }];
  });
  if (known.length === files.length) return digestOfFiles(known);
  return sha256Json(files.map(({ path, blob, bytes }) => [path, blob, bytes]));
}

function weightsOf(files: readonly CachedFile[]): Digest | null {
  const weights = files.filter(({ path }) => isWeightsPath(path));
  const digests = weights.flatMap((file) => {
    const digest = sha256Of(file);
    return digest === null ? [] : [{ digest }];
  });
  if (weights.length === 0 || digests.length < weights.length) return null;
  return weightsDigest(digests);
}

const sha256Of = ({ blob }: CachedFile): Digest | null =>
  blob === null || blob.length !== 64 ? null : parseDigest(blob);
