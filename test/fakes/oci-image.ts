// Models as OCI registries hold them, written into the store of the fake registry: whatever layers
// a test names, in the form of ModelPack unless it says otherwise.
import { digestOf, type RegistryStore } from './registry-store.ts';

export interface ImageLayer {
  readonly content: Uint8Array | string;
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface OciImage {
  readonly layers: readonly ImageLayer[];
  /** Fields of the manifest beside or instead of the usual ones. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly configType?: string;
}

type Target = Pick<RegistryStore, 'manifests' | 'blobs'>;

export const weightType = 'application/vnd.cncf.model.weight.v1.raw';
export const usualConfig = { descriptor: { name: 'tiny' }, config: { format: 'gguf' } };

/** One layer of ModelPack. */
export const modelFile = (path: string, content: Uint8Array | string): ImageLayer => ({
  content,
  annotations: { 'org.cncf.model.filepath': path },
});

export function imageManifest({ layers, fields, config, configType }: OciImage): string {
  const configText = JSON.stringify(config ?? usualConfig);
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: 'application/vnd.cncf.model.manifest.v1+json',
    config: {
      mediaType: configType ?? 'application/vnd.cncf.model.config.v1+json',
      digest: digestOf(configText),
      size: configText.length,
    },
    layers: layers.map(({ content, mediaType = weightType, annotations }) => ({
      mediaType,
      digest: digestOf(content),
      size: Buffer.byteLength(content),
      ...(annotations === undefined ? {} : { annotations }),
    })),
    ...fields,
  });
}

/** Publishes under a tag, or moves it. `name` as in `team/coder:v1`. */
export function publishImage(store: Target, name: string, image: OciImage): `sha256:${string}` {
  const configText = JSON.stringify(image.config ?? usualConfig);
  store.blobs.set(digestOf(configText), Buffer.from(configText));
  for (const { content } of image.layers) {
    store.blobs.set(digestOf(content), Buffer.from(content));
  }
  return publishManifest(store, name, imageManifest(image));
}

/** Any text as a manifest, under its tag and its digest. */
export function publishManifest(store: Target, name: string, text: string): `sha256:${string}` {
  const digest = digestOf(text);
  store.manifests.set(name, text);
  store.manifests.set(`${name.slice(0, name.lastIndexOf(':'))}:${digest}`, text);
  return digest;
}
