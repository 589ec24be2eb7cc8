// A model registry in memory, as Ollama's pulls see one: tags that can be moved, blobs that can be
// counted. Also answers the registry protocol, so that our own sources can read from it.
import type { Artifact } from '../../../src/core/artifact.ts';
import type { Digest } from '../../../src/core/digest.ts';
import { type BuiltBlob, buildModel, factsOf, type ModelContent } from './content.ts';
import { answer, type FakeRequest, type FakeResponse } from './message.ts';
import { type Manifest, manifestType, sha256 } from './store.ts';

export interface FakeRegistry {
  /** Sets what a tag stands for; `library/tiny:v1`. Publishing it again moves it. */
  readonly publish: (tag: string, content: ModelContent) => Published;
  readonly unpublish: (tag: string) => void;
  /** No longer has a blob, as after its garbage collection. */
  readonly forget: (digest: string) => void;
  readonly manifest: (namespace: string, model: string, tag: string) => string | undefined;
  readonly blob: (digest: string) => BuiltBlob | undefined;
  /** Bytes that were handed out for a digest, by anyone. */
  readonly served: Map<string, number>;
  /** Makes manifests fail: a status and the body that the registry would send. */
  manifestFault: { readonly status: number; readonly body: string } | null;
  readonly handle: (request: FakeRequest) => Promise<FakeResponse>;
}

export interface Published {
  readonly raw: string;
  /** `sha256:…` of the raw manifest. */
  readonly revision: Digest;
  /** What resolving the tag at this moment gives, on the host that is asked. */
  readonly artifact: (host?: string) => Artifact;
}

export function createRegistry(): FakeRegistry {
  const tags = new Map<string, string>();
  const blobs = new Map<string, BuiltBlob>();
  const registry: FakeRegistry = {
    publish: (tag, content) => {
      const built = buildModel(content);
      tags.set(tag, built.raw);
      for (const [digest, blob] of built.blobs) blobs.set(digest, blob);
      const artifact = (host = 'registry.ollama.ai'): Artifact =>
        artifactOf(`${host}/${tag}`, built.raw, content);
      return { raw: built.raw, revision: sha256(built.raw) as Digest, artifact };
    },
    unpublish: (tag) => void tags.delete(tag),
    forget: (digest) => void blobs.delete(digest),
    manifest: (namespace, model, tag) => tags.get(`${namespace}/${model}:${tag}`),
    blob: (digest) => blobs.get(digest),
    served: new Map(),
    manifestFault: null,
    handle: async (request) => respond(registry, request),
  };
  return registry;
}

function artifactOf(name: string, raw: string, content: ModelContent): Artifact {
  const { config, layers } = JSON.parse(raw) as Manifest;
  const files = [...layers, config].map((layer) => ({
    path: layer.digest.replace(':', '-'),
    bytes: layer.size,
    digest: layer.digest as Digest,
    mediaType: layer.mediaType,
  }));
  const weights = files[0]?.digest as Digest;
  const facts =
    content.weights instanceof Uint8Array ? factsOf(content.weights) : factsOf(new Uint8Array());
  return {
    source: `ollama://${name}`,
    revision: sha256(raw) as Digest,
    manifest: raw,
    files,
    weights,
    facts: {
      format: 'gguf',
      architecture: facts.family,
      contextLength: content.contextLength ?? facts.contextLength,
    },
  };
}

function respond(registry: FakeRegistry, { method, path, headers }: FakeRequest): FakeResponse {
  const manifest = /^\/v2\/([^/]+)\/([^/]+)\/manifests\/([^/?]+)$/.exec(path);
  if (manifest !== null) {
    const [, namespace = '', model = '', tag = ''] = manifest;
    if (registry.manifestFault !== null) {
      return answer(registry.manifestFault.status, registry.manifestFault.body);
    }
    const raw = registry.manifest(namespace, model, tag);
    return raw === undefined
      ? answer(404, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', 'application/json')
      : answer(200, raw, manifestType);
  }
  const blob = /^\/v2\/[^/]+\/[^/]+\/blobs\/(sha256:[0-9a-f]{64})$/.exec(path);
  const digest = blob?.[1] ?? '';
  const found = registry.blob(digest);
  if (found?.bytes === undefined || found.bytes === null) return answer(404, 'not found');
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = range?.[2] ? Math.min(Number(range[2]), found.size - 1) : found.size - 1;
  const part = found.bytes.subarray(start, end + 1);
  if (method === 'GET')
    registry.served.set(digest, (registry.served.get(digest) ?? 0) + part.length);
  const response = answer(range === null ? 200 : 206, part, 'application/octet-stream');
  const extra = {
    'content-length': String(part.length),
    'accept-ranges': 'bytes',
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${found.size}` }),
  };
  return { ...response, headers: { ...response.headers, ...extra } };
}
