// The fake's routes: which answer a request gets, in Ollama's statuses and error texts
// (server/routes.go). The work itself is in the files beside.
import { BadRequest, type CreateRequest, create } from './create.ts';
import { chatCompletion, type InferenceWorld, infer, openAiModels } from './inference.ts';
import { answer, answerJson, answerLines, type FakeRequest, type FakeResponse } from './message.ts';
import { type Name, parse, path as pathOf, selectSource } from './name.ts';
import { type PullWorld, pull } from './pull.ts';
import { listEntry, showEntry } from './show.ts';
import { sha256 } from './store.ts';

export interface ServerWorld extends InferenceWorld {
  readonly version: string;
  readonly pulls: PullWorld;
}

type Fields = Readonly<Record<string, unknown>>;
type Route = (world: ServerWorld, body: Fields, signal: AbortSignal) => Promise<FakeResponse>;

const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/api/version': { GET: async ({ version }) => answerJson(200, { version }) },
  '/api/tags': { GET: async (world) => listTags(world) },
  '/api/ps': { GET: async ({ scheduler }) => answerJson(200, { models: scheduler.list() }) },
  '/api/show': { POST: showModel },
  '/api/pull': { POST: pullModel },
  '/api/create': { POST: createModel },
  '/api/copy': { POST: copyModel },
  '/api/delete': { DELETE: deleteModel },
  '/api/generate': {
    POST: (world, body, signal) => infer(world, 'generate', body, signal),
  },
  '/api/chat': {
    POST: (world, body, signal) => infer(world, 'chat', body, signal),
  },
  '/api/embed': {
    POST: (world, body, signal) => infer(world, 'embed', body, signal),
  },
  '/v1/models': { GET: async ({ store }) => openAiModels(store) },
  '/v1/chat/completions': {
    POST: (world, body, signal) => chatCompletion(world, body, signal),
  },
};

export async function route(
  world: ServerWorld,
  request: FakeRequest,
  body: Buffer,
): Promise<FakeResponse> {
  const { method, signal } = request;
  const [path = ''] = request.path.split('?');
  if (path === '/') return answer(200, 'Ollama is running');
  if (path.startsWith('/api/blobs/'))
    return blobs(world, method, path.slice('/api/blobs/'.length), body);
  const known = routes[path];
  if (known === undefined) return answer(404, '404 page not found');
  const handler = known[method === 'HEAD' ? 'GET' : method];
  if (handler === undefined) return answer(405, '405 method not allowed');
  if (method === 'GET' || method === 'HEAD') return handler(world, {}, signal);
  if (body.length === 0) return answerJson(400, { error: 'missing request body' });
  let fields: Fields;
  try {
    fields = JSON.parse(body.toString('utf8')) as Fields;
  } catch {
    return answerJson(400, { error: 'unexpected EOF' });
  }
  return handler(world, fields, signal);
}

/** Fields that came with 0.30 are detected by presence; older servers leave them out. */
const isModern = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 || minor >= 30 || version === '0.0.0';
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `name` is the older field. */
const nameOf = (body: Fields): string => textOf(body['model']) || textOf(body['name']);

function listTags({ store, version }: ServerWorld): FakeResponse {
  const newestFirst = [...store.manifests.values()].toSorted((a, b) => b.modifiedAt - a.modifiedAt);
  const modern = isModern(version);
  return answerJson(200, {
    models: newestFirst.map((entry) => listEntry(store, entry, { modern })),
  });
}

async function showModel({ store }: ServerWorld, body: Fields): Promise<FakeResponse> {
  const asked = nameOf(body);
  if (asked === '') return answerJson(400, { error: 'model is required' });
  const name = parse(selectSource(asked).base);
  if (name === null) return answerJson(400, { error: 'invalid model name' });
  const entry = store.find(name);
  if (entry === undefined) return answerJson(404, { error: `model '${asked}' not found` });
  return answerJson(200, showEntry(store, entry));
}

async function pullModel(
  { pulls, store }: ServerWorld,
  body: Fields,
  signal: AbortSignal,
): Promise<FakeResponse> {
  const name = parse(selectSource(nameOf(body)).base);
  if (name === null) return answerJson(400, { error: 'invalid model name' });
  return streamed(pull(pulls, store.existing(name), body['insecure'] === true, signal), body);
}

async function createModel(
  { pulls, store }: ServerWorld,
  body: Fields,
  signal: AbortSignal,
): Promise<FakeResponse> {
  const request = body as CreateRequest;
  const name = parse(request.model ?? request.name ?? '');
  if (name === null) return answerJson(400, { error: 'invalid model name' });
  const fetch = (from: Name): AsyncGenerator<object> => pull(pulls, from, false, signal);
  return streamed(
    create({ store, noPrune: pulls.noPrune, pull: fetch }, store.existing(name), request),
    body,
  );
}

/** Errors before the first event have a status; with `stream: false` there is one answer. */
async function streamed(events: AsyncGenerator<object>, body: Fields): Promise<FakeResponse> {
  let first: IteratorResult<object>;
  try {
    first = await events.next();
  } catch (error) {
    if (error instanceof BadRequest) return answerJson(400, { error: error.message });
    throw error;
  }
  async function* all(): AsyncGenerator<object> {
    if (first.done === true) return;
    yield first.value;
    yield* events;
  }
  if (body['stream'] !== false) return answerLines(all());
  let last: object = {};
  for await (const event of all()) last = event;
  return answerJson('error' in last ? 500 : 200, last);
}

async function copyModel({ store }: ServerWorld, body: Fields): Promise<FakeResponse> {
  const source = parse(textOf(body['source']));
  const destination = parse(textOf(body['destination']));
  if (source === null)
    return answerJson(400, { error: `source ${JSON.stringify(body['source'])} is invalid` });
  if (destination === null) {
    return answerJson(400, {
      error: `destination ${JSON.stringify(body['destination'])} is invalid`,
    });
  }
  const entry = store.find(source);
  if (entry === undefined)
    return answerJson(404, { error: `model ${JSON.stringify(body['source'])} not found` });
  if (pathOf(entry.name) !== pathOf(store.existing(destination))) {
    store.write(store.existing(destination), entry.raw);
  }
  return answer(200);
}

async function deleteModel({ store }: ServerWorld, body: Fields): Promise<FakeResponse> {
  const asked = nameOf(body);
  const selected = selectSource(asked);
  // A cloud suffix is put back; a local one is not, so that `a:local` deletes `a:latest`.
  const name = parse(selected.source === 'cloud' ? asked : selected.base);
  if (name === null) return answerJson(400, { error: `name ${JSON.stringify(asked)} is invalid` });
  const entry = store.find(name);
  if (entry === undefined) return answerJson(404, { error: `model '${asked}' not found` });
  store.remove(entry.name);
  store.release(store.layersOf(entry.manifest));
  return answer(200);
}

function blobs(
  { store, pulls, now }: ServerWorld,
  method: string,
  digest: string,
  body: Buffer,
): FakeResponse {
  if (!/^sha256[:-][0-9a-f]{64}$/.test(digest))
    return answerJson(400, { error: 'invalid digest format' });
  const there = store.blobs.has(digest);
  if (method === 'HEAD')
    return there
      ? answer(200)
      : answerJson(404, { error: `blob ${JSON.stringify(digest)} not found` });
  if (method !== 'POST') return answer(405, '405 method not allowed');
  if (there) return answer(200);
  if (store.usedBytes() + body.length > pulls.diskBytes) {
    return answerJson(500, { error: 'write /fake/models/blobs/sha256-1: no space left on device' });
  }
  // What arrives is kept under its real digest, whatever was claimed.
  store.addBlob(body, now());
  const real = sha256(body);
  return real === digest
    ? answer(201)
    : answerJson(400, {
        error: `digest mismatch, expected ${JSON.stringify(digest)}, got ${JSON.stringify(real)}`,
      });
}
