// /api/create of the fake: from a name or from uploaded files, with the merging that cannot unset,
// and weights that come out under another digest than they went in (server/create.go).
import { configText, type Facts, factsOf, isGguf } from './content.ts';
import { display, type Name, parse, selectSource } from './name.ts';
import { type Layer, layerType, type Manifest, manifestText, type Store } from './store.ts';

export interface CreateRequest {
  readonly model?: string;
  readonly name?: string;
  readonly from?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly adapters?: Readonly<Record<string, string>>;
  readonly system?: string;
  readonly template?: string;
  readonly license?: string | readonly string[];
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface CreateWorld {
  readonly store: Store;
  readonly noPrune: boolean;
  /** What `from` a name that is not there does first. */
  readonly pull: (name: Name) => AsyncGenerator<object>;
}

/** An error before the first event is a status of its own; later ones are lines of the stream. */
export async function* create(
  world: CreateWorld,
  target: Name,
  request: CreateRequest,
): AsyncGenerator<object> {
  const { store } = world;
  const before = store.find(target);
  let layers: Layer[];
  let facts: Facts;
  if (request.from) {
    const from = parse(selectSource(request.from).base);
    if (from === null) throw new BadRequest('invalid model name');
    if (store.manifests.get(pathOf(from)) === undefined) yield* failing(world.pull(from));
    const base = store.manifests.get(pathOf(from));
    if (base === undefined) return;
    layers = base.manifest.layers.map((layer) => ({ ...layer, from: display(from) }));
    facts = factsOfConfig(store, base.manifest);
  } else if (request.files && Object.keys(request.files).length > 0) {
    const imported = yield* importFiles(store, request.files);
    if (imported === null) return;
    ({ layers, facts } = imported);
  } else {
    throw new BadRequest("neither 'from' or 'files' was specified");
  }
  if (request.adapters) {
    const [digest] = Object.values(request.adapters);
    const blob = store.blobs.get(digest ?? '');
    if (digest === undefined || blob === undefined) {
      yield {
        error: `open /fake/blobs/${(digest ?? '').replace(':', '-')}: no such file or directory`,
      };
      return;
    }
    yield { status: 'parsing GGUF' };
    if (blob.bytes === null || !isGguf(blob.bytes)) {
      yield { error: 'supplied file was not in GGUF format' };
      return;
    }
    layers = [...layers, { mediaType: layerType('adapter'), digest, size: blob.size }];
  }
  if (request.template?.includes('{{') && !request.template.includes('}}')) {
    throw new BadRequest('template error: unclosed action');
  }
  layers = withText(store, layers, 'template', request.template);
  layers = withText(store, layers, 'system', request.system);
  layers = withParameters(store, layers, request.parameters ?? {});
  for (const layer of layers) {
    yield {
      status: `${layer.from === undefined ? 'creating new' : 'using existing'} layer ${layer.digest}`,
    };
  }
  yield { status: 'writing manifest' };
  const config = { mediaType: '', ...store.addBlob(configText(facts)) };
  store.write(
    before?.name ?? store.existing(target),
    manifestText(plain(config), layers.map(plain)),
  );
  if (before !== undefined && !world.noPrune) store.release(store.layersOf(before.manifest));
  yield { status: 'success' };
}

export class BadRequest extends Error {}

const pathOf = ({ host, namespace, model, tag }: Name): string =>
  `${host}/${namespace}/${model}/${tag}`;

const plain = ({ mediaType, digest, size, from }: Layer): Layer => ({
  mediaType,
  digest,
  size,
  ...(from === undefined ? {} : { from }),
});

async function* failing(events: AsyncGenerator<object>): AsyncGenerator<object> {
  for await (const event of events) {
    if (!('status' in event && event.status === 'success')) yield event;
  }
}

async function* importFiles(
  store: Store,
  files: Readonly<Record<string, string>>,
): AsyncGenerator<object, { layers: Layer[]; facts: Facts } | null> {
  const layers: Layer[] = [];
  let facts: Facts | null = null;
  for (const [file, digest] of Object.entries(files)) {
    const bytes = store.blobs.get(digest)?.bytes;
    if (!file.endsWith('.gguf') && !(bytes && isGguf(bytes))) throw new BadRequest('unknown type');
    yield { status: 'parsing GGUF' };
    if (bytes === undefined || bytes === null) {
      yield { error: `open /fake/blobs/${digest.replace(':', '-')}: no such file or directory` };
      return null;
    }
    if (!isGguf(bytes)) {
      yield { error: 'supplied file was not in GGUF format' };
      return null;
    }
    yield { status: 'verifying conversion' };
    facts ??= factsOf(bytes);
    // llama-quantize COPY: the same model in other bytes.
    const rewritten = store.addBlob(Buffer.concat([bytes, Buffer.alloc(32)]));
    layers.push({ mediaType: layerType('model'), ...rewritten });
  }
  if (facts === null) return null;
  yield { status: 'using autodetected template chatml' };
  const template = store.addBlob(chatTemplate);
  layers.push({ mediaType: layerType('template'), ...template });
  return { layers, facts };
}

const chatTemplate =
  '{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n';

function withText(store: Store, layers: Layer[], kind: string, text: string | undefined): Layer[] {
  if (!text) return layers;
  const layer = { mediaType: layerType(kind), ...store.addBlob(text) };
  return [...layers.filter((one) => one.mediaType !== layer.mediaType), layer];
}

/** An omitted key keeps the base's value; there is no way to unset one. */
function withParameters(
  store: Store,
  layers: Layer[],
  parameters: Readonly<Record<string, unknown>>,
): Layer[] {
  const mediaType = layerType('params');
  const base = layers.find((layer) => layer.mediaType === mediaType);
  const merged = { ...store.json(base), ...parameters };
  if (Object.keys(merged).length === 0) return layers;
  const sorted = Object.fromEntries(
    Object.entries(merged).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const layer = { mediaType, ...store.addBlob(`${JSON.stringify(sorted)}\n`) };
  return [...layers.filter((one) => one.mediaType !== mediaType), layer];
}

export function factsOfConfig(store: Store, manifest: Manifest): Facts {
  const config = store.json(manifest.config);
  return {
    family: textOf(config['model_family'], 'llama'),
    contextLength: Number(config['context_length'] ?? 2048),
    quantization: textOf(config['file_type'], 'F16'),
  };
}

const textOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' ? value : otherwise;
