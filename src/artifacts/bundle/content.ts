// What a bundle is: the manifests and lock of a set, and the bytes of its models, as one OCI image
// layout. Pure, and a function of its input alone: the same set gives the same bytes everywhere.
// Each model is a ModelPack image; where its registry's own manifest has all its blobs here, that
// is listed beside it, so that it can be pushed to a registry as it was.
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { canonicalJson, compareText } from '../../core/canonical.ts';
import type { Digest } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { parseObject } from '../../core/json-object.ts';
import { modelImage, parseImage } from '../stores/oci/image.ts';
import {
  type Descriptor,
  emptyIndex,
  indexText,
  manifestMediaType,
  nameAnnotation,
} from '../stores/oci/layout.ts';

export const setArtifactType = 'application/vnd.modelctl.set.v1+json';
export const lockMediaType = 'application/vnd.modelctl.lock.v1+yaml';
export const manifestFileMediaType = 'application/vnd.modelctl.manifest.v1';
export const titleAnnotation = 'org.opencontainers.image.title';
export const modelAnnotation = 'dev.modelctl.model';
export const targetAnnotation = 'dev.modelctl.target';
export const sourceAnnotation = 'dev.modelctl.source';
const setAnnotation = 'dev.modelctl.set';
const emptyMediaType = 'application/vnd.oci.empty.v1+json';

/** One line of the lock. */
export interface BundledModel {
  readonly model: string;
  /** `-` where there is none. */
  readonly target: string;
  readonly artifact: Artifact;
}

export interface BundledText {
  /** Relative to the lock's folder, with forward slashes. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface BundleInput {
  /** The set's id. */
  readonly set: string;
  readonly lock: BundledText;
  readonly manifests: readonly BundledText[];
  readonly models: readonly BundledModel[];
}

/** A blob that is a file of a model. */
export interface BundledFile {
  readonly artifact: Artifact;
  readonly file: ArtifactFile;
}

export interface BundleContent {
  readonly set: string;
  readonly index: string;
  /** Blobs that are made here. */
  readonly texts: ReadonlyMap<Digest, Uint8Array>;
  /** Blobs that have to be brought: each digest once, sorted by it. */
  readonly files: readonly BundledFile[];
}

export function bundleContent(input: BundleInput): BundleContent {
  const texts = new Map<Digest, Uint8Array>();
  const add = (content: string | Uint8Array): { digest: Digest; size: number } => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const digest = sha256Text(bytes);
    texts.set(digest, bytes);
    return { digest, size: bytes.length };
  };
  const entries = [setEntry(input, add)];
  const files = new Map<Digest, BundledFile>();
  for (const named of namedModels(input.models)) {
    entries.push(...modelEntries(named, add));
    const { artifact } = named;
    for (const file of artifact.files) files.set(file.digest, { artifact, file });
  }
  // What a registry calls a file of the model may be a text that is made here too.
  return {
    set: input.set,
    index: indexText({ ...emptyIndex, manifests: entries }),
    texts: new Map([...texts].filter(([digest]) => !files.has(digest))),
    files: [...files.values()].toSorted((a, b) => compareText(a.file.digest, b.file.digest)),
  };
}

type Add = (content: string | Uint8Array) => { readonly digest: Digest; readonly size: number };

function setEntry({ set, lock, manifests }: BundleInput, add: Add): Descriptor {
  const layer = (mediaType: string, { path, bytes }: BundledText): Descriptor => ({
    mediaType,
    ...add(bytes),
    annotations: { [titleAnnotation]: path },
  });
  const sorted = manifests.toSorted((a, b) => compareText(a.path, b.path));
  const text = canonicalJson({
    schemaVersion: 2,
    mediaType: manifestMediaType,
    artifactType: setArtifactType,
    config: { mediaType: emptyMediaType, ...add('{}') },
    layers: [
      layer(lockMediaType, lock),
      ...sorted.map((manifest) => layer(manifestFileMediaType, manifest)),
    ],
    annotations: { [setAnnotation]: set },
  });
  return {
    mediaType: manifestMediaType,
    ...add(text),
    artifactType: setArtifactType,
    // A Model cannot be called so.
    annotations: { [nameAnnotation]: '_set', [setAnnotation]: set },
  };
}

interface NamedModel extends BundledModel {
  /** Unique in a bundle, and a tag as registries allow it. */
  readonly name: string;
}

/** By model and target; the adapters of one are counted. */
export function namedModels(models: readonly BundledModel[]): readonly NamedModel[] {
  const sorted = models.toSorted(
    (a, b) =>
      compareText(a.model, b.model) ||
      compareText(a.target, b.target) ||
      compareText(a.artifact.source, b.artifact.source),
  );
  const counts = new Map<string, number>();
  return sorted.map((one) => {
    const stem = one.target === '-' ? one.model : `${one.model}_${one.target}`;
    const count = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, count);
    return { ...one, name: count === 1 ? stem : `${stem}__${count}` };
  });
}

function modelEntries({ name, model, target, artifact }: NamedModel, add: Add): Descriptor[] {
  const image = modelImage(artifact, {});
  add(image.config.text);
  const about = {
    [modelAnnotation]: model,
    ...(target === '-' ? {} : { [targetAnnotation]: target }),
    [sourceAnnotation]: artifact.source,
  };
  const own: Descriptor = {
    mediaType: manifestMediaType,
    ...add(image.manifest),
    annotations: { [nameAnnotation]: name, ...about },
  };
  const mediaType = registryMediaType(artifact);
  if (mediaType === null || artifact.manifest === undefined) return [own];
  const annotations = { [nameAnnotation]: `${name}__registry`, ...about };
  return [own, { mediaType, ...add(artifact.manifest), annotations }];
}

/** Null without a manifest, and where it needs blobs that are no files of the model. */
function registryMediaType({ manifest, revision, files }: Artifact): string | null {
  if (manifest === undefined) return null;
  const references = parseImage(manifest, revision)?.references ?? null;
  const here = new Set<Digest>([revision, ...files.map(({ digest }) => digest)]);
  if (references?.every((digest) => here.has(digest)) !== true) return null;
  const mediaType = parseObject(manifest)?.['mediaType'];
  return typeof mediaType === 'string' ? mediaType : manifestMediaType;
}
