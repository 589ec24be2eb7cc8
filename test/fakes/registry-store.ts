// What a fake registry holds: models in Ollama's manifest form, their blobs, and plain files. It
// can be filled by a test, or from a folder that is laid out like Ollama's own store.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface RegistryModel {
  /** Byte for byte as it is served. */
  readonly manifest: string;
  readonly revision: `sha256:${string}`;
  readonly weights: `sha256:${string}`;
}

export interface RegistryStore {
  /** `namespace/model:tag` to manifest. */
  readonly manifests: Map<string, string>;
  /** By digest; a manifest may name blobs that are not here. */
  readonly blobs: Map<string, Uint8Array>;
  /** By path below `/files/`. */
  readonly files: Map<string, Uint8Array>;
  /** Publishes a model, or moves its tag. `name` as in `library/qwen3:8b`. */
  readonly addModel: (name: string, parts: ModelParts) => RegistryModel;
  /** A manifest without blobs, with a size of your choice: for plans of models that nobody has. */
  readonly declareModel: (name: string, weightsBytes: number) => RegistryModel;
  readonly loadFolder: (folder: string) => void;
}

export interface ModelParts {
  readonly weights: Uint8Array;
  /** Fields of the config blob beside those of every model. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Further layers by kind: `template`, `params`, `license`. */
  readonly layers?: Readonly<Record<string, string>>;
}

/** Large content is asked for in many parts, and is hashed for each of them. */
const digests = new WeakMap<Uint8Array, `sha256:${string}`>();
const largeBytes = 1024 * 1024;

export function digestOf(content: Uint8Array | string): `sha256:${string}` {
  const isLarge = typeof content !== 'string' && content.length > largeBytes;
  const known = isLarge ? digests.get(content) : undefined;
  if (known !== undefined) return known;
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}` as const;
  if (isLarge) digests.set(content, digest);
  return digest;
}

const defaultConfig = {
  model_format: 'gguf',
  model_family: 'qwen3',
  model_families: ['qwen3'],
  model_type: '8.2B',
  file_type: 'Q4_K_M',
  context_length: 40_960,
};

export function createStore(): RegistryStore {
  const manifests = new Map<string, string>();
  const blobs = new Map<string, Uint8Array>();
  const files = new Map<string, Uint8Array>();

  const put = (content: Uint8Array) => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { digest, size: content.length };
  };
  const publish = (
    name: string,
    weights: { readonly digest: `sha256:${string}`; readonly size: number },
    parts: Omit<ModelParts, 'weights'>,
  ): RegistryModel => {
    const config = put(Buffer.from(JSON.stringify({ ...defaultConfig, ...parts.config })));
    const layers = Object.entries(parts.layers ?? {}).map(([kind, text]) => ({
      mediaType: `application/vnd.ollama.image.${kind}`,
      ...put(Buffer.from(text)),
    }));
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.ollama.image.model', ...weights }, ...layers],
    });
    manifests.set(name, manifest);
    return { manifest, revision: digestOf(manifest), weights: weights.digest };
  };
  const addModel = (name: string, parts: ModelParts) => publish(name, put(parts.weights), parts);

  return {
    manifests,
    blobs,
    files,
    addModel,
    declareModel: (name, weightsBytes) =>
      publish(name, { digest: digestOf(`weights of ${name}`), size: weightsBytes }, {}),
    loadFolder: (folder) => {
      for (const [path, bytes] of filesUnder(join(folder, 'manifests'))) {
        const [model, namespace] = path.split('/').slice(0, -1).toReversed();
        manifests.set(`${namespace}/${model}:${basename(path)}`, bytes.toString('utf8'));
      }
      for (const [path, bytes] of filesUnder(join(folder, 'blobs'))) {
        blobs.set(path.replace('-', ':'), bytes);
      }
      for (const [path, bytes] of filesUnder(join(folder, 'files'))) files.set(path, bytes);
      for (const name of readdirSync(folder)) {
        if (!name.endsWith('.gguf')) continue;
        const weights = readFileSync(join(folder, name));
        addModel(`library/${name.slice(0, -'.gguf'.length)}:latest`, { weights });
      }
    },
  };
}

/** Paths with forward slashes, relative to the folder. */
function filesUnder(folder: string): readonly (readonly [string, Buffer])[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path)] as const;
    });
}
