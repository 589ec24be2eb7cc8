// The two kinds of manifest that a registry sends: of one image, and an index of several. Pure,
// and suspicious: one that claims to be both is neither, since two readers of it would disagree.
import type { Digest } from '../../../core/digest.ts';
import { sha256Text } from '../../../core/hash.ts';
import { isObject } from '../../../core/json-object.ts';
import { type Checked, checked, errorProblem, refused } from '../../../core/problem.ts';
import { badManifest, readManifestDocument } from '../../distribution/manifest-document.ts';
import { modelArtifactType } from '../../stores/oci/image.ts';
import {
  type Descriptor,
  indexMediaType,
  manifestMediaType,
  parseDescriptor,
} from '../../stores/oci/layout.ts';

export interface ImageManifest {
  readonly kind: 'image';
  readonly text: string;
  readonly digest: Digest;
  /** What it is: `artifactType`, or the media type of the config where that is not said. */
  readonly type: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, unknown>>;
}

export interface IndexManifest {
  readonly kind: 'index';
  readonly entries: readonly Descriptor[];
}

export const manifestTypes = {
  image: [manifestMediaType, 'application/vnd.docker.distribution.manifest.v2+json'],
  index: [indexMediaType, 'application/vnd.docker.distribution.manifest.list.v2+json'],
} as const;

const layersMax = 10_000;
const entriesMax = 1_000;
const mediaTypeLengthMax = 255;
/** No model comes near; a sum of more is a lie. 1 PiB. */
const totalBytesMax = 2 ** 50;

/** `name` is for messages only. */
export function parseManifest(
  bytes: Uint8Array,
  name: string,
): Checked<ImageManifest | IndexManifest> {
  const read = readManifestDocument(bytes, name);
  if (!read.ok) return read;
  const { text, fields } = read.value;
  const bad = (detail: string): Checked<never> => refused(badManifest(name, detail));
  const { mediaType, layers, manifests } = fields;
  if (layers !== undefined && manifests !== undefined) {
    return bad('It has both layers and further manifests in it, which no honest one has.');
  }
  const kind = manifests === undefined ? 'image' : 'index';
  if (mediaType !== undefined && !manifestTypes[kind].some((known) => known === mediaType))
    return bad('Its mediaType is that of something else.');
  if (kind === 'index') {
    const entries = readDescriptors(manifests, entriesMax);
    return typeof entries === 'string' ? bad(entries) : checked({ kind, entries });
  }
  const list = readDescriptors(layers, layersMax);
  if (typeof list === 'string') return bad(list);
  const [config] = [fields['config']].map(readDescriptor);
  if (config === null || config === undefined) return bad('Its config is no descriptor.');
  if ([...list, config].reduce((sum, one) => sum + one.size, 0) > totalBytesMax)
    return bad('Its sizes add up to more than any model has.');
  const { artifactType, annotations } = fields;
  return checked({
    kind,
    text,
    digest: sha256Text(bytes),
    type: typeof artifactType === 'string' ? artifactType : config.mediaType,
    config,
    layers: list,
    annotations: isObject(annotations) ? annotations : {},
  });
}

/**
 * The one model of an index. Models are the same on every platform, so none is chosen by platform:
 * an index with several is refused unless one alone says that it is a model.
 */
export function chooseEntry({ entries }: IndexManifest, name: string): Checked<Descriptor> {
  const manifests = entries.filter(
    // Buildkit lists what it attests of the others beside them.
    (entry) => entry.annotations?.['vnd.docker.reference.type'] === undefined,
  );
  const models = manifests.filter((entry) => entry['artifactType'] === modelArtifactType);
  const [only, ...more] = manifests.length > 1 && models.length === 1 ? models : manifests;
  if (only === undefined) return refused(badManifest(name, 'Its index lists no manifest.'));
  if (more.length === 0) return checked(only);
  return refused(
    errorProblem({
      code: 'source/ambiguous',
      summary: 'A source stands for several things',
      detail: `${name} is an index of ${manifests.length} manifests, and nothing says which of them is meant.`,
      remedy: `Name one of them by its digest, after an at sign:\n\n${manifests
        .slice(0, 5)
        .map(({ digest }) => `    @${digest}`)
        .join('\n')}`,
    }),
  );
}

/** A text says what is wrong. */
function readDescriptors(value: unknown, max: number): readonly Descriptor[] | string {
  if (!Array.isArray(value) || value.length === 0) return 'It lists nothing.';
  if (value.length > max) return `It lists ${value.length} things; at most ${max} are read.`;
  const descriptors: Descriptor[] = [];
  for (const [index, item] of value.entries()) {
    const descriptor = readDescriptor(item);
    if (descriptor === null) {
      return `Item ${index + 1} of its list has no mediaType, no size, or no digest of the form sha256:<64 hex digits>.`;
    }
    descriptors.push(descriptor);
  }
  return descriptors;
}

function readDescriptor(value: unknown): Descriptor | null {
  const descriptor = parseDescriptor(value);
  return descriptor !== null && descriptor.mediaType.length <= mediaTypeLengthMax
    ? descriptor
    : null;
}
