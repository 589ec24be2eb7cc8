// A model as an OCI image manifest, in the form of the CNCF ModelPack specification: one raw layer
// per file, and what modelctl adds (the recipe of a derived name) in annotations. Pure, and a
// function of content and recipe alone: the same files give the same bytes, hence the same digest,
// wherever they came from and whatever a later release reads out of their headers.

import type { Artifact } from '../../../core/artifact.ts';
import { canonicalJson, compareText } from '../../../core/canonical.ts';
import type { Recipe } from '../../../core/desired.ts';
import { type Digest, isDigest } from '../../../core/digest.ts';
import { sha256Text } from '../../../core/hash.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';
import { type Descriptor, manifestMediaType, parseDescriptor, parseDescriptors } from './layout.ts';
import { parseRecipe } from './recipe.ts';

export const modelArtifactType = 'application/vnd.cncf.model.manifest.v1+json';
const configMediaType = 'application/vnd.cncf.model.config.v1+json';
const weightMediaType = 'application/vnd.cncf.model.weight.v1.raw';
export const filePathAnnotation = 'org.cncf.model.filepath';
export const recipeAnnotation = 'dev.modelctl.recipe';
export const weightsAnnotation = 'dev.modelctl.weights';

/** A manifest that is about to be stored. */
export interface ModelImage {
  readonly digest: Digest;
  readonly manifest: string;
  readonly config: { readonly digest: Digest; readonly text: string };
  /** The artifact's files, and after them the adapters that the recipe names. */
  readonly layers: readonly Descriptor[];
}

export interface StoredLayer {
  readonly digest: Digest;
  readonly bytes: number;
  /** Its path within the artifact; null where the manifest does not say. */
  readonly path: string | null;
}

/** What a stored manifest says; `null` where it was not written by modelctl and does not say. */
export interface StoredImage {
  readonly layers: readonly StoredLayer[];
  /** Manifest, config and layers: everything that must stay while a name points here. */
  readonly references: readonly Digest[];
  readonly weights: Digest | null;
  readonly recipe: Recipe;
}

export function modelImage(artifact: Artifact, recipe: Recipe): ModelImage {
  const adapters = (recipe.adapters ?? []).map(({ digest, bytes }, at) => ({
    path: `adapters/${at}.gguf`,
    digest,
    bytes: bytes ?? 0,
  }));
  const layers = [...artifact.files, ...adapters].map((file) => ({
    mediaType: weightMediaType,
    digest: file.digest,
    size: file.bytes,
    annotations: { [filePathAnnotation]: file.path },
  }));
  const configText = canonicalJson({
    descriptor: {},
    config: artifact.facts.format === undefined ? {} : { format: artifact.facts.format },
    modelfs: { type: 'layers', diffIds: layers.map((layer) => layer.digest) },
  });
  const config = { digest: sha256Text(configText), text: configText };
  const stored = byContent(recipe);
  const manifest = canonicalJson({
    schemaVersion: 2,
    mediaType: manifestMediaType,
    artifactType: modelArtifactType,
    config: {
      mediaType: configMediaType,
      digest: config.digest,
      size: Buffer.byteLength(configText),
    },
    layers,
    annotations: {
      [weightsAnnotation]: artifact.weights,
      ...(Object.keys(stored).length === 0 ? {} : { [recipeAnnotation]: canonicalJson(stored) }),
    },
  });
  return { digest: sha256Text(manifest), manifest, config, layers };
}

/** Where an adapter came from is no part of what it is. */
const byContent = (recipe: Recipe): Recipe => ({
  ...recipe,
  ...(recipe.adapters === undefined
    ? {}
    : { adapters: recipe.adapters.map(({ digest }) => ({ path: digest, digest })) }),
});

/** Null when the text is no image manifest. Says what it can of manifests that others wrote. */
export function parseImage(text: string, digest: Digest): StoredImage | null {
  const manifest = parseObject(text);
  const layers = parseDescriptors(manifest?.['layers']);
  const config = parseDescriptor(manifest?.['config']);
  if (manifest === null || layers === null || config === null) return null;
  const annotations = isObject(manifest['annotations']) ? manifest['annotations'] : {};
  const recipe = parseRecipe(annotations[recipeAnnotation]);
  const references = [digest, config.digest, ...layers.map((layer) => layer.digest)];
  return {
    layers: layers.map((layer) => ({
      digest: layer.digest,
      bytes: layer.size,
      path: layer.annotations?.[filePathAnnotation] ?? null,
    })),
    references: [...new Set(references)].toSorted(compareText),
    weights: weightsOf(annotations[weightsAnnotation], layers),
    recipe,
  };
}

function weightsOf(annotated: unknown, layers: readonly Descriptor[]): Digest | null {
  if (typeof annotated === 'string' && isDigest(annotated)) return annotated;
  const [only, ...others] = layers;
  return only !== undefined && others.length === 0 ? only.digest : null;
}

/** Everything that a process loads for this image; equal lists are the same model in memory. */
export const filesOf = (image: Pick<StoredImage, 'layers'>): readonly Digest[] =>
  image.layers.map((layer) => layer.digest);

/** The layer that an engine opens; null where there is none, or no telling which. */
export function weightsLayer({ layers, weights }: StoredImage): Digest | null {
  return layers.find((layer) => layer.digest === weights)?.digest ?? null;
}
