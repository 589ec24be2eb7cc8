// The endpoints of the fake that run models: /api/generate, /api/chat, /api/embed and their
// OpenAI forms. Loading, keeping and unloading follow from them, as in Ollama.
import { sayingOf } from './content.ts';
import { factsOfConfig } from './create.ts';
import { answerJson, answerLines, type FakeResponse } from './message.ts';
import { display, parse, selectSource } from './name.ts';
import { parseKeepAlive, type Scheduler, type Subject } from './scheduler.ts';
import { layerOf, parametersOf } from './show.ts';
import type { Entry, Store } from './store.ts';

export interface InferenceWorld {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly now: () => number;
  /** More requests at a time than this are refused as busy. */
  readonly queueMax: number;
  pending: number;
}

export interface InferenceRequest {
  readonly model?: string;
  readonly prompt?: string;
  readonly input?: string | readonly string[];
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly keep_alive?: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly stream?: boolean;
}

type Kind = 'generate' | 'chat' | 'embed';

export async function infer(
  world: InferenceWorld,
  kind: Kind,
  request: InferenceRequest,
  signal: AbortSignal,
): Promise<FakeResponse> {
  const asked = request.model ?? '';
  const selected = selectSource(asked);
  if (selected.source === 'cloud') return answerJson(403, { error: 'ollama cloud is disabled' });
  const name = parse(selected.base);
  const entry = name === null ? undefined : world.store.find(name);
  if (entry === undefined) return answerJson(404, { error: `model '${asked}' not found` });
  let keepAliveMs: number | undefined;
  try {
    keepAliveMs = parseKeepAlive(request.keep_alive);
  } catch (error) {
    return answerJson(400, { error: (error as Error).message });
  }
  const subject = subjectOf(world.store, entry);
  const created = { model: asked, created_at: new Date(world.now()).toISOString() };
  const empty = kind === 'chat' ? (request.messages ?? []).length === 0 : !request.prompt;
  if (kind !== 'embed' && empty && keepAliveMs === 0) {
    world.scheduler.expire(subject.weights);
    return answerJson(200, { ...created, response: '', done: true, done_reason: 'unload' });
  }
  const { family } = factsOfConfig(world.store, entry.manifest);
  if (kind !== 'embed' && family === 'bert') {
    return answerJson(400, { error: `"${asked}" does not support ${kind}` });
  }
  if (world.pending >= world.queueMax) {
    return answerJson(503, {
      error: 'server busy, please try again.  maximum pending requests exceeded',
    });
  }
  world.pending += 1;
  try {
    const release = await world.scheduler.use(subject, keepAliveMs, request.options ?? {}, signal);
    release();
  } catch (error) {
    if (signal.aborted) return answerJson(499, { error: 'request canceled' });
    return answerJson(500, { error: (error as Error).message });
  } finally {
    world.pending -= 1;
  }
  return spoken(world.store, entry, { kind, request, created, empty });
}

interface Speech {
  readonly kind: Kind;
  readonly request: InferenceRequest;
  readonly created: object;
  readonly empty: boolean;
}

function spoken(
  store: Store,
  entry: Entry,
  { kind, request, created, empty }: Speech,
): FakeResponse {
  if (kind === 'embed') {
    const inputs = [request.input ?? []].flat().filter((text) => text !== '');
    return answerJson(200, { ...created, embeddings: inputs.map(vectorOf) });
  }
  if (empty) return answerJson(200, { ...created, response: '', done: true, done_reason: 'load' });
  const text = saying(store, entry);
  const last = { ...created, done: true, done_reason: 'stop' };
  const part = (content: string): object =>
    kind === 'chat' ? { message: { role: 'assistant', content } } : { response: content };
  if (request.stream === false) return answerJson(200, { ...last, ...part(text) });
  async function* words(): AsyncGenerator<object> {
    for (const word of text.split(/(?= )/)) yield { ...created, ...part(word), done: false };
    yield { ...last, ...part('') };
  }
  return answerLines(words());
}

/** The OpenAI form of a chat: `data:` lines when streamed. */
export async function chatCompletion(
  world: InferenceWorld,
  request: InferenceRequest,
  signal: AbortSignal,
): Promise<FakeResponse> {
  const native = await infer(world, 'chat', { ...request, stream: false }, signal);
  if (native.status !== 200) {
    return answerJson(native.status, {
      error: { message: 'failed', type: 'invalid_request_error', param: null, code: null },
    });
  }
  const entry = world.store.find(
    parse(request.model ?? '') ?? { host: '', namespace: '', model: '', tag: '' },
  );
  const content = entry === undefined ? '' : saying(world.store, entry);
  const shared = {
    id: 'chatcmpl-1',
    created: Math.floor(world.now() / 1000),
    model: request.model,
  };
  if (request.stream !== true) {
    const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' };
    return answerJson(200, { ...shared, object: 'chat.completion', choices: [choice] });
  }
  async function* events(): AsyncGenerator<Uint8Array> {
    for (const word of content.split(/(?= )/)) {
      const choice = { index: 0, delta: { role: 'assistant', content: word }, finish_reason: null };
      const chunk = { ...shared, object: 'chat.completion.chunk', choices: [choice] };
      yield new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`);
    }
    yield new TextEncoder().encode('data: [DONE]\n\n');
  }
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: events() };
}

export function openAiModels(store: Store): FakeResponse {
  const data = [...store.manifests.values()].map((entry) => ({
    id: display(entry.name),
    object: 'model',
    created: Math.floor(entry.modifiedAt / 1000),
    owned_by: 'library',
  }));
  return answerJson(200, { object: 'list', data: data.length === 0 ? null : data });
}

const saying = (store: Store, entry: Entry): string => {
  const weights = layerOf(entry, 'model');
  const bytes = weights === undefined ? null : (store.blobs.get(weights.digest)?.bytes ?? null);
  return sayingOf(bytes, weights?.digest ?? '');
};

function subjectOf(store: Store, entry: Entry): Subject {
  const weights = layerOf(entry, 'model');
  return {
    name: entry.name,
    digest: entry.digest,
    weights: weights?.digest ?? '',
    bytes: weights?.size ?? 0,
    trainedContextLength: factsOfConfig(store, entry.manifest).contextLength,
    parameters: parametersOf(store, entry),
    adapter: layerOf(entry, 'adapter')?.digest ?? null,
  };
}

/** Sixteen numbers that are the same for the same text. */
const vectorOf = (text: string): readonly number[] =>
  Array.from({ length: 16 }, (_, index) =>
    Math.sin(text.length + index + (text.codePointAt(index % Math.max(1, text.length)) ?? 0)),
  );
