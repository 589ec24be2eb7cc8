// Which files of a store of images names are served from: the manifest, which is a function of
// the locked bytes and the recipe, its config, and one blob for each file. Reads names only.
import { type OciStore, temporarySuffix } from '../../artifacts/stores/oci/blobs.ts';
import {
  filePathAnnotation,
  type ModelImage,
  modelImage,
} from '../../artifacts/stores/oci/image.ts';
import { blobPath, nameOf } from '../../artifacts/stores/oci/layout.ts';
import { readIndex } from '../../artifacts/stores/oci/read.ts';
import type { DesiredPlacement } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import { ProblemError } from '../../core/problem.ts';
import type { Kept, KeptFile } from '../backend.ts';

export async function keeps(
  store: OciStore,
  placements: readonly DesiredPlacement[],
): Promise<ReadonlyMap<string, Kept>> {
  try {
    const { manifests } = await readIndex(store);
    const there = new Map(manifests.toReversed().map((one) => [nameOf(one), one.digest]));
    return new Map(
      placements.map((one) => [one.name, keptAs(one, there.get(one.name), placements, store)]),
    );
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { problem } = error;
    return new Map(placements.map(({ name }) => [name, { kind: 'closed', problem }]));
  }
}

function keptAs(
  placement: DesiredPlacement,
  digest: Digest | undefined,
  placements: readonly DesiredPlacement[],
  store: OciStore,
): Kept {
  if (digest === undefined) return { kind: 'absent' };
  const built = builtOf(placement, placements);
  const image = built === undefined ? null : imageOf(built);
  if (image?.digest !== digest) return { kind: 'other' };
  return { kind: 'files', files: filesOf(image, store) };
}

/** An alias has what it is another name of. */
const builtOf = (
  { build, ...placement }: DesiredPlacement,
  placements: readonly DesiredPlacement[],
): DesiredPlacement | undefined =>
  build.kind === 'alias'
    ? placements.find(({ name }) => name === build.of)
    : { build, ...placement };

const imageOf = ({ build, artifact }: DesiredPlacement): ModelImage =>
  modelImage(artifact, build.kind === 'derive' ? build.recipe : {});

function filesOf(image: ModelImage, store: OciStore): readonly KeptFile[] {
  const at = (digest: Digest) => {
    const path = blobPath(store.path, digest);
    return { path, digest, temporary: `${path}.repair${temporarySuffix}`, mayShare: true };
  };
  const text = (file: string, digest: Digest, content: string): KeptFile => ({
    ...at(digest),
    file,
    bytes: Buffer.byteLength(content),
    text: content,
  });
  return [
    ...image.layers.map(({ digest, size, annotations }) => ({
      ...at(digest),
      file: annotations?.[filePathAnnotation] ?? digest,
      bytes: size,
    })),
    text('config', image.config.digest, image.config.text),
    text('manifest', image.digest, image.manifest),
  ];
}
