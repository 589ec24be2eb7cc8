// What a registry's bytes mean: a manifest becomes an artifact, a config blob its facts. Pure, and
// suspicious: sizes are summed and reserved before a byte is loaded, so they must be believable.

import type { Artifact, ArtifactFacts, ArtifactFile } from '../../../core/artifact.ts';
import { type Digest, isDigest } from '../../../core/digest.ts';
import { sha256Text } from '../../../core/hash.ts';
import { isObject } from '../../../core/json-object.ts';
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';
import { knownFacts, parameterCount, wholeNumber, word } from '../../distribution/config-fields.ts';
import { badManifest, readManifestDocument } from '../../distribution/manifest-document.ts';
import { decodeText, parseJson } from '../../distribution/untrusted.ts';

export interface Manifest {
  /** As it came, byte for byte. */
  readonly text: string;
  readonly revision: Digest;
  readonly config: ArtifactFile;
  readonly files: readonly ArtifactFile[];
  readonly weights: Digest;
}

const imageType = 'application/vnd.ollama.image.';
const manifestTypes: ReadonlySet<unknown> = new Set([
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
]);
const configTypes: ReadonlySet<unknown> = new Set([
  'application/vnd.docker.container.image.v1+json',
  'application/vnd.oci.image.config.v1+json',
]);
const layersMax = 10_000;
/** No model comes near; a sum of more is a lie. 1 PiB. */
const totalBytesMax = 2 ** 50;

/** `name` is for messages only. */
export function parseManifest(bytes: Uint8Array, name: string): Checked<Manifest> {
  const bad = (detail: string): Checked<never> => refused(badManifest(name, detail));
  const read = readManifestDocument(bytes, name);
  if (!read.ok) return read;
  const { text, fields: document } = read.value;
  const type = document['mediaType'];
  if (type !== undefined && !manifestTypes.has(type))
    return bad('Its mediaType is that of something else.');
  const layers = document['layers'];
  if (!Array.isArray(layers) || layers.length === 0) return bad('It lists no layers.');
  if (layers.length > layersMax)
    return bad(`It lists ${layers.length} layers; at most ${layersMax} are read.`);
  const config = readDescriptor(document['config'], 'config');
  if (typeof config === 'string') return bad(`Its config ${config}.`);
  if (!configTypes.has(config.mediaType))
    return bad('The mediaType of its config is that of something else.');
  const files = readLayers(layers, config);
  if (typeof files === 'string') return bad(files);
  const weights = files.filter((file) => file.mediaType === `${imageType}model`);
  const [only] = weights;
  if (only === undefined) return refused(withoutWeights(name, files));
  if (weights.length > 1)
    return bad(`It lists ${weights.length} layers of weights where one is meant.`);
  return checked({ text, revision: sha256Text(bytes), config, files, weights: only.digest });
}

export const artifactOf = (source: string, manifest: Manifest, facts: ArtifactFacts): Artifact => ({
  source,
  revision: manifest.revision,
  manifest: manifest.text,
  files: manifest.files,
  weights: manifest.weights,
  facts,
});

/** One file a blob: layers that share one are listed once. A text says what is wrong. */
function readLayers(
  layers: readonly unknown[],
  config: ArtifactFile,
): readonly ArtifactFile[] | string {
  const files = new Map<Digest, ArtifactFile>([[config.digest, config]]);
  const kinds = new Map([['config', 1]]);
  let totalBytes = config.bytes;
  for (const [index, layer] of layers.entries()) {
    const file = readDescriptor(layer, '');
    if (typeof file === 'string') return `Its layer ${index + 1} ${file}.`;
    const kind = /^application\/vnd\.ollama\.image\.([a-z][a-z0-9.+-]{0,62})$/.exec(
      file.mediaType ?? '',
    );
    if (kind === null) return `The mediaType of its layer ${index + 1} is not one of Ollama's.`;
    const known = files.get(file.digest);
    if (known !== undefined) {
      if (known.bytes === file.bytes && known.mediaType === file.mediaType) continue;
      return `Its layer ${index + 1} repeats a digest with another size or type.`;
    }
    const count = (kinds.get(kind[1] ?? '') ?? 0) + 1;
    kinds.set(kind[1] ?? '', count);
    files.set(file.digest, { ...file, path: count === 1 ? `${kind[1]}` : `${kind[1]}-${count}` });
    totalBytes += file.bytes;
  }
  if (totalBytes > totalBytesMax) return 'Its sizes add up to more than any model has.';
  const [first, ...rest] = files.values();
  return first === undefined ? rest : [...rest, first]; // the config goes last, as it is pulled
}

function readDescriptor(value: unknown, path: string): ArtifactFile | string {
  if (!isObject(value)) return 'is not an object';
  const { digest, size: bytes, mediaType } = value;
  if (typeof digest !== 'string' || !isDigest(digest))
    return 'has no digest of the form sha256:<64 hex digits>';
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0)
    return 'has no size that can be one';
  if (typeof mediaType !== 'string' || mediaType.length > 255) return 'has no mediaType';
  return { path, bytes, digest, mediaType };
}

/** Facts from a config blob; what is absent or odd is left out, since nothing depends on it. */
export function parseFacts(bytes: Uint8Array): ArtifactFacts | null {
  const text = decodeText(bytes);
  const config = text === null ? null : parseJson(text);
  if (!isObject(config)) return null;
  return knownFacts({
    format: word(config['model_format']),
    architecture: word(config['model_family']) ?? word(config['architecture']),
    quantization: word(config['file_type']),
    contextLength: wholeNumber(config['context_length']),
    parameters: parameterCount(config['model_type']),
  });
}

const withoutWeights = (name: string, files: readonly ArtifactFile[]) =>
  files.some((file) => file.mediaType === `${imageType}tensor`)
    ? errorProblem({
        code: 'source/unsupported',
        summary: 'A source is of a kind that is not supported yet',
        detail: `${name} is stored as separate tensors (safetensors); only models in GGUF are supported.`,
        remedy: 'Choose a tag in GGUF.',
      })
    : badManifest(name, 'It lists no weights; models that run in a cloud have none.');
