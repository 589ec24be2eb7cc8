// A fake llama-server behind a port: a router over a preset file, or, with `--model`, a server of one
// model. What it answers follows tools/server of llama.cpp (August 2026); what it loads are files.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Model, Models, Refusal } from './models.ts';
import { optionNames } from './option-names.ts';

export interface FakeServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
  readonly models: Models;
  /** Method and path of every request. */
  readonly requests: readonly string[];
  /** Lets a model work on requests, or no longer. */
  readonly setBusy: (id: string, busy: number) => void;
  readonly setSleeping: (id: string) => void;
}

const build = 'b10587-fake';

/** Throws where the server would not start. */
export async function startFake(
  preset: string,
  flags: readonly string[] = [],
): Promise<FakeServer> {
  const own = ownFlags(flags);
  const listeners = new Set<ServerResponse>();
  const tell = (event: object): void => {
    for (const response of listeners) response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  const { options, modelsMax, loadMs } = own;
  const models = new Models({ preset, modelsMax, options, loadMs }, tell);
  const requests: string[] = [];
  const isSingle = options.has('model');
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void answer({ request, response, models, listeners, own, isSingle }).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      refuse(response, status, error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => closed(server),
    models,
    requests,
    setBusy: (id, busy) => void Object.assign(models.all.get(id) ?? {}, { busy }),
    setSleeping: (id) => void Object.assign(models.all.get(id) ?? {}, { state: 'sleeping' }),
  };
}

interface OwnFlags {
  readonly options: Map<string, string>;
  readonly modelsMax: number;
  readonly apiKey: string | null;
  readonly hasSlots: boolean;
  readonly loadMs: number;
}

function ownFlags(flags: readonly string[]): OwnFlags {
  const options = new Map<string, string>([['offline', '1']]);
  let modelsMax = 4;
  let apiKey: string | null = null;
  let hasSlots = true;
  let loadMs = 20;
  for (let at = 0; at < flags.length; at += 1) {
    const name = flags[at]?.replace(/^-+/, '') ?? '';
    if (name === 'no-slots') hasSlots = false;
    else {
      const value = flags[(at += 1)] ?? '';
      if (name === 'models-max') modelsMax = Number(value);
      else if (name === 'api-key') apiKey = value;
      else if (name === 'fake-load-ms') loadMs = Number(value);
      else options.set(optionNames.get(name) ?? name, value);
    }
  }
  return { options, modelsMax, apiKey, hasSlots, loadMs };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly models: Models;
  readonly listeners: Set<ServerResponse>;
  readonly own: OwnFlags;
  readonly isSingle: boolean;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, models, listeners, own, isSingle } = exchange;
  const url = new URL(request.url ?? '/', 'http://fake');
  const route = `${request.method} ${url.pathname}`;
  if (route === 'GET /health') return send(response, { status: 'ok' });
  const key = request.headers.authorization?.replace('Bearer ', '');
  if (own.apiKey !== null && key !== own.apiKey) {
    return refuse(response, 401, 'Invalid API Key', 'authentication_error');
  }
  if (isSingle) return answerSingle(exchange, route);
  switch (route) {
    case 'GET /props':
      return send(response, {
        role: 'router',
        max_instances: own.modelsMax,
        models_autoload: true,
        build_info: build,
      });
    case 'GET /models':
    case 'GET /v1/models':
      if (url.searchParams.has('reload')) models.reload();
      return send(response, { object: 'list', data: [...models.all.values()].map(listedAs) });
    case 'GET /models/sse':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      listeners.add(response);
      request.once('close', () => listeners.delete(response));
      return;
    case 'POST /models/load':
      await models.load(await modelIn(request));
      return send(response, { success: true });
    case 'POST /models/unload':
      models.unload(await modelIn(request));
      return send(response, { success: true });
    case 'GET /slots':
      return answerSlots(exchange, url.searchParams.get('model') ?? '');
    case 'POST /v1/chat/completions':
      return chat(exchange, await modelIn(request));
    default:
      return refuse(response, 404, 'File Not Found', 'not_found_error');
  }
}

function answerSlots({ response, models, own }: Exchange, name: string): void {
  const model = models.find(name);
  if (model === undefined) return refuse(response, 400, `model '${name}' not found`);
  if (model.state !== 'loaded' && model.state !== 'sleeping') {
    return refuse(response, 400, 'model is not loaded');
  }
  if (!own.hasSlots) return refuse(response, 501, 'This server does not support slots endpoint.');
  // Looking wakes it.
  model.state = 'loaded';
  const slots = [0, 1, 2, 3].map((id) => ({
    id,
    n_ctx: model.running?.contextLength,
    is_processing: id < model.busy,
  }));
  send(response, slots);
}

async function chat({ response, models }: Exchange, name: string): Promise<void> {
  const model = models.find(name);
  if (model === undefined) return refuse(response, 400, `model '${name}' not found`);
  if (model.state === 'unloaded') await models.load(model.id);
  while (model.state === 'loading') await new Promise((resolve) => setTimeout(resolve, 5));
  if (model.running === null) return refuse(response, 500, `model name=${model.id} failed to load`);
  models.use(model);
  const message = { role: 'assistant', content: model.running.says };
  send(response, { object: 'chat.completion', model: model.id, choices: [{ index: 0, message }] });
}

function answerSingle({ response, own }: Exchange, route: string): void {
  if (route !== 'GET /props') return refuse(response, 404, 'File Not Found', 'not_found_error');
  const { options } = own;
  send(response, {
    default_generation_settings: { params: {}, n_ctx: 2048 },
    total_slots: 4,
    model_alias: options.get('alias') ?? 'model.gguf',
    model_path: options.get('model'),
    build_info: build,
    is_sleeping: false,
  });
}

function listedAs(model: Model): object {
  const { id, aliases, tags, state, exitCode, options, running } = model;
  const isFailed = state === 'unloaded' && exitCode !== 0;
  const told = [...options].filter(([key]) => !['host', 'port', 'alias', 'tags'].includes(key));
  return {
    id,
    aliases,
    tags,
    object: 'model',
    owned_by: 'llamacpp',
    created: 1_787_400_000,
    source: 'preset',
    can_remove: false,
    status: {
      value: state,
      args: ['llama-server', '--host', '127.0.0.1', '--alias', id],
      preset: `[${id}]\n${told.map(([key, value]) => `${key} = ${value}\n`).join('')}\n`,
      ...(isFailed ? { failed: true, exit_code: exitCode } : {}),
    },
    ...(running === null
      ? {}
      : {
          meta: {
            vocab_type: true,
            n_ctx: running.contextLength,
            n_ctx_train: 2048,
            size: running.bytes,
          },
        }),
  };
}

async function modelIn(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const { model } = JSON.parse(text) as { readonly model?: string };
  return model ?? '';
}

function send(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  type = status >= 500 ? 'server_error' : 'invalid_request_error',
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error: { code: status, message, type } }));
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
