// From an image manifest to the files of a model: which layers they are, what they are called,
// which of them are the weights. Pure, and suspicious: paths become files one day.
import type { ArtifactFile } from '../../../core/artifact.ts';
import { compareText } from '../../../core/canonical.ts';
import type { Digest } from '../../../core/digest.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  refused,
} from '../../../core/problem.ts';
import { isInside } from '../../../core/relative-path.ts';
import { isWeightsPath, weightsDigest } from '../../../core/weights.ts';
import { badManifest } from '../../distribution/manifest-document.ts';
import { recipeAnnotation, weightsAnnotation } from '../../stores/oci/image.ts';
import { type Layer, readLayer } from './layers.ts';
import type { ImageManifest } from './manifest.ts';

export interface ModelFiles {
  readonly files: readonly ArtifactFile[];
  /** The one to read a header from: the only weights, or the first of several by name. */
  readonly first: ArtifactFile;
  readonly weights: Digest;
}

const pathLengthMax = 512;

/** `name` is for messages only. */
export function filesOf(image: ImageManifest, name: string): Checked<ModelFiles> {
  const layers = image.layers.map((descriptor) => ({ descriptor, ...readLayer(descriptor) }));
  const refusal = refusalOf(image, layers, name);
  if (refusal !== null) return refused(refusal);
  const files: ArtifactFile[] = [];
  const candidates: ArtifactFile[] = [];
  const taken = new Set<string>();
  for (const { descriptor, role, path: said, usual } of layers) {
    if (role === 'aside') continue;
    const path = said ?? unusedName(usual, taken);
    if (!isInside(path) || path.length > pathLengthMax) {
      return refused(badManifest(name, 'One of its files has a path that leads elsewhere.'));
    }
    // File systems that do not tell case apart would make one file of two.
    if (taken.has(path.toLowerCase())) {
      return refused(badManifest(name, `Two of its files are called ${shown(path)}.`));
    }
    taken.add(path.toLowerCase());
    const { digest, size: bytes, mediaType } = descriptor;
    const file = { path, bytes, digest, mediaType };
    files.push(file);
    if (role === 'weights') candidates.push(file);
  }
  const told = files.find((file) => file.digest === image.annotations[weightsAnnotation]);
  const named =
    candidates.length > 1 ? files.filter((file) => isWeightsPath(file.path)) : candidates;
  const weights = told === undefined ? named : [told];
  const [first] = weights.toSorted((a, b) => compareText(a.path, b.path));
  if (first === undefined) return refused(badManifest(name, 'It lists no weights.'));
  return checked({ files, first, weights: weightsDigest(weights) });
}

/** Where nothing says what a file is called: `model.gguf`, `model-2.gguf`. */
function unusedName(path: string, taken: ReadonlySet<string>): string {
  const [, stem = path, end = ''] = /^(.*?)(\.[a-z]+)?$/.exec(path) ?? [];
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? path : `${stem}-${count}${end}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

const shown = (path: string): string =>
  path.length <= 100 ? JSON.stringify(path) : `${JSON.stringify(path.slice(0, 100))}…`;

/** Why the image is no model that can be had file by file; null when it may be one. */
function refusalOf(image: ImageManifest, layers: readonly Layer[], name: string): Problem | null {
  const types = image.layers.map(({ mediaType }) => mediaType);
  if (types.every((type) => type.startsWith('application/vnd.ollama.image.'))) {
    return unsupported(
      `${name} is a model in the form of Ollama's registries.`,
      `Write ollama://${name}.`,
    );
  }
  if (image.annotations[recipeAnnotation] !== undefined) {
    return unsupported(
      `${name} was derived from another model by modelctl.`,
      'Name that model as the source, and repeat what was derived in spec.derive.',
    );
  }
  if (isContainer(image, layers)) {
    return unsupported(
      `${name} is a container image, not a model; its files would have to be unpacked.`,
      'Name a model in the form of ModelPack or Docker, or the file itself with https:// or hf://.',
    );
  }
  const packed = layers.findIndex(({ role }) => role === 'packed');
  if (packed >= 0) {
    return unsupported(
      `${name} packs its files into archives (${shown(types[packed] ?? '')}), whose content has no digest of its own in the manifest.`,
      'Publish it with raw layers, as `modctl build --raw` and `oras push` of single files do.',
    );
  }
  const unknown = layers.findIndex(({ role }) => role === 'unknown');
  if (unknown < 0) return null;
  return unsupported(
    `${name} has a layer of a kind that is not known, ${shown(types[unknown] ?? '')}.`,
    'Name a model in the form of ModelPack, Docker or ORAS.',
  );
}

const containerConfig =
  /^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/;

const isContainer = ({ config }: ImageManifest, layers: readonly Layer[]): boolean =>
  containerConfig.test(config.mediaType) && layers.every(({ role }) => role === 'packed');

const unsupported = (detail: string, remedy: string): Problem =>
  errorProblem({
    code: 'source/unsupported',
    summary: 'A source is of a kind that is not supported yet',
    detail,
    remedy,
  });
