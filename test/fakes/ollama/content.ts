// What a model is made of, for publishing, importing and answering: weights are any bytes, or a
// size and a seed; what is said of them is read off the bytes where they are a GGUF.
import { createHash } from 'node:crypto';
import { type Layer, layerType, manifestText, sha256 } from './store.ts';

/** Bytes, a text, or so many bytes that nobody keeps. */
export type Weights = Uint8Array | string | { readonly bytes: number; readonly seed: string };

export interface ModelContent {
  readonly weights: Weights;
  readonly template?: string;
  readonly system?: string;
  readonly license?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly family?: string;
  readonly contextLength?: number;
  readonly quantization?: string;
}

export interface BuiltBlob {
  readonly size: number;
  readonly bytes: Uint8Array | null;
}

export interface BuiltModel {
  readonly raw: string;
  readonly blobs: ReadonlyMap<string, BuiltBlob>;
  /** `sha256:…` of the weights. */
  readonly weights: string;
}

/** A manifest and its blobs, as a publisher would push them. */
export function buildModel(content: ModelContent): BuiltModel {
  const blobs = new Map<string, BuiltBlob>();
  const layers: Layer[] = [];
  const add = (kind: string, text: string | Uint8Array | undefined): void => {
    if (text === undefined) return;
    const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
    blobs.set(sha256(bytes), { size: bytes.length, bytes });
    layers.push({ mediaType: layerType(kind), digest: sha256(bytes), size: bytes.length });
  };
  const { weights } = content;
  const isVirtual = typeof weights === 'object' && !(weights instanceof Uint8Array);
  if (isVirtual) {
    const digest = `sha256:${createHash('sha256').update(`${weights.seed} ${weights.bytes}`).digest('hex')}`;
    blobs.set(digest, { size: weights.bytes, bytes: null });
    layers.push({ mediaType: layerType('model'), digest, size: weights.bytes });
  } else add('model', weights);
  add('template', content.template);
  add('system', content.system);
  add('license', content.license);
  add('params', content.parameters && JSON.stringify(content.parameters));
  const facts = isVirtual ? factsOf(new Uint8Array()) : factsOf(toBytes(weights));
  const config = configText({
    ...facts,
    ...(content.family === undefined ? {} : { family: content.family }),
    ...(content.contextLength === undefined ? {} : { contextLength: content.contextLength }),
    ...(content.quantization === undefined ? {} : { quantization: content.quantization }),
  });
  blobs.set(sha256(config), { size: config.length, bytes: new TextEncoder().encode(config) });
  const raw = manifestText({ mediaType: '', digest: sha256(config), size: config.length }, layers);
  return { raw, blobs, weights: layers[0]?.digest ?? '' };
}

export interface Facts {
  readonly family: string;
  readonly contextLength: number;
  readonly quantization: string;
}

export const configText = ({ family, contextLength, quantization }: Facts): string =>
  `${JSON.stringify({
    model_format: 'gguf',
    model_family: family,
    model_families: [family],
    model_type: '107.84K',
    file_type: quantization,
    context_length: contextLength,
    embedding_length: 64,
    architecture: 'amd64',
    os: 'linux',
  })}\n`;

export const isGguf = (bytes: Uint8Array): boolean =>
  new TextDecoder().decode(bytes.subarray(0, 4)) === 'GGUF';

/** Of a tiny GGUF's header; texts count as llama models that were trained for 2048 tokens. */
export function factsOf(bytes: Uint8Array): Facts {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024));
  const family = header.includes('bert') ? 'bert' : 'llama';
  const key = header.indexOf(`${family}.context_length`);
  const value = key + `${family}.context_length`.length + 4;
  const contextLength = isGguf(bytes) && key > 0 ? header.readUInt32LE(value) : 2048;
  return { family, contextLength, quantization: 'F16' };
}

/** What the model answers: the sentence that a tiny GGUF was made to say, else its fingerprint. */
export function sayingOf(bytes: Uint8Array | null, digest: string): string {
  if (bytes === null || !isGguf(bytes)) return `I am ${digest.slice('sha256:'.length, 19)}`;
  const header = new TextDecoder().decode(bytes.subarray(0, 16_384));
  const words = [...header.matchAll(/\u2581([A-Za-z0-9.,!?']+)/g)].map(([, word]) => word);
  return ` ${words.join(' ')}`;
}

const toBytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;
