// What a layer of a model's manifest is, and what its file is called: by media type for the forms
// that models are published in (ModelPack, Docker's, what modelctl writes itself), else by the
// file name that ORAS leaves in an annotation. Pure.
import { isProjectorPath, isWeightsPath } from '../../../core/weights.ts';
import { filePathAnnotation } from '../../stores/oci/image.ts';
import type { Descriptor } from '../../stores/oci/layout.ts';

/** `aside`: not needed to run the model, left out. `packed`: an archive that would have to be opened. */
export type Role = 'weights' | 'part' | 'aside' | 'packed' | 'unknown';

export interface Layer {
  readonly role: Role;
  /** As written by whoever published it; null where nothing is said. */
  readonly path: string | null;
  /** What such a file is called where nothing is said. */
  readonly usual: string;
}

const titleAnnotation = 'org.opencontainers.image.title';
/** ORAS marks folders, which it packs, by it. */
const unpackAnnotation = 'io.deis.oras.content.unpack';

const known: readonly (readonly [pattern: RegExp, role: Role, path?: string])[] = [
  // ModelPack, specs-go/v1/mediatype.go; gguf and safetensors are Docker's spelling of it.
  [/^application\/vnd\.cncf\.model\.weight\.v1\.(?:raw|gguf|safetensors)$/, 'weights'],
  [/^application\/vnd\.cncf\.model\.(?:weight\.config|doc)\.v1\.raw$/, 'part'],
  [/^application\/vnd\.cncf\.model\.(?:doc|code|dataset)\.v1\./, 'aside'],
  // Docker, docker/model-runner pkg/distribution/types/config.go.
  [/^application\/vnd\.docker\.ai\.gguf\.v3$/, 'weights', 'model.gguf'],
  [/^application\/vnd\.docker\.ai\.safetensors$/, 'weights', 'model.safetensors'],
  [/^application\/vnd\.docker\.ai\.dduf$/, 'weights', 'model.dduf'],
  [/^application\/vnd\.docker\.ai\.mmproj$/, 'part', 'mmproj.gguf'],
  [/^application\/vnd\.docker\.ai\.chat\.template\.jinja$/, 'part', 'chat_template.jinja'],
  [/^application\/vnd\.docker\.ai\.license$/, 'part', 'LICENSE'],
  [/^application\/vnd\.docker\.ai\.model\.file$/, 'part'],
  [/[.+](?:tar|gzip|zstd)$/, 'packed'],
];

export function readLayer({ mediaType, annotations = {} }: Descriptor): Layer {
  const title = annotations[titleAnnotation] ?? null;
  const path = annotations[filePathAnnotation] ?? title;
  const [, role = 'unknown', usual = 'model'] =
    known.find(([pattern]) => pattern.test(mediaType)) ?? [];
  if (role === 'weights' && isProjectorPath(path ?? '')) return { role: 'part', path, usual };
  if (role !== 'unknown' && role !== 'packed') return { role, path, usual };
  // ORAS gives single files the media type of a tar archive when it is told none, but no `+gzip`.
  const isFile = title !== null && !/\+(?:gzip|zstd)$/.test(mediaType);
  if (!isFile || annotations[unpackAnnotation] === 'true') return { role, path, usual };
  return { role: isWeightsPath(title) ? 'weights' : 'part', path: title, usual };
}
