// A registry that speaks Ollama's protocol, and a web server for plain files, in one. The same
// answers are given over a loopback socket and to callers in this process. Blobs are redirected to
// another hostname, as the real registry does and Ollama needs; that host refuses credentials.
//
//   node test/fakes/registry-server.ts --port 5000 --folder DIR
//
// DIR: `manifests/` and `blobs/` as in Ollama's store, `files/` served below /files/, and any
// *.gguf as library/<name>:latest. Faults can be posted to /_faults as JSON, `on` as a string.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Http, HttpError } from '../../src/io/io.ts';
import {
  createFaults,
  deliver,
  type FakeResponse,
  type Fault,
  type Faults,
  spoil,
} from './registry-faults.ts';
import { createStore, digestOf, type RegistryStore } from './registry-store.ts';

export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface FakeRegistry extends RegistryStore, Pick<Faults, 'add'> {
  /** Every request, in order; empty it to count anew. */
  readonly requests: FakeRequest[];
  /** Bytes of bodies that went out over a socket, by path. */
  readonly sent: Map<string, number>;
  /** Null: the connection is refused. */
  readonly handle: (request: FakeRequest) => FakeResponse | null;
  /** A port that reaches this registry under every host name. */
  readonly http: Http;
  /** Begins to listen; `origin` as in `http://localhost:5000`. */
  readonly listen: (
    port?: number,
  ) => Promise<{ readonly origin: string; readonly close: () => Promise<void> }>;
}

export interface RegistryOptions {
  /** Whether manifests and blobs want a token, and whether anyone gets one. */
  readonly tokens?: 'not-asked' | 'for-anyone' | 'for-nobody';
}

const token = 'anonymous-token-for-reading';

export function createRegistry(options: RegistryOptions = {}): FakeRegistry {
  const store = createStore();
  const faults = createFaults();
  const requests: FakeRequest[] = [];
  const sent = new Map<string, number>();
  const tokens = options.tokens ?? 'not-asked';

  const handle = (request: FakeRequest): FakeResponse | null => {
    requests.push(request);
    const fault = faults.take(request.method, request.url);
    if (fault?.refusesConnection === true) return null;
    const headers = { ...request.headers };
    if (fault?.ignoresRange === true) delete headers['range'];
    const response = answer({ ...request, headers }, store, tokens);
    return fault === null ? response : spoil(response, fault);
  };

  return {
    ...store,
    add: faults.add,
    requests,
    sent,
    handle,
    http: httpOf(handle),
    listen: (port = 0) => listen({ handle, faults, sent }, port),
  };
}

function answer(
  { method, url, headers }: FakeRequest,
  store: RegistryStore,
  tokens: RegistryOptions['tokens'],
): FakeResponse {
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'method not allowed');
  const path = decodeURIComponent(url.pathname);
  if (path === '/token') {
    return tokens === 'for-anyone' ? json(200, { token }) : plain(401, 'who are you?');
  }
  const file = /^\/files\/(.+)$/.exec(path)?.[1];
  if (file !== undefined) return ranged(store.files.get(file), headers);
  const cdn = /^\/cdn\/(sha256:[0-9a-f]{64})$/.exec(path)?.[1];
  if (cdn !== undefined) {
    // Object stores refuse a request that is both signed and authorized.
    if (headers['authorization'] !== undefined) return plain(400, 'two kinds of authorization');
    return ranged(store.blobs.get(cdn), headers);
  }
  const asked = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
  if (asked === null) return path === '/' ? plain(200, 'fake registry') : plain(404, 'not found');
  if (tokens !== 'not-asked' && headers['authorization'] !== `Bearer ${token}`) {
    const challenge = `Bearer realm="${url.origin}/token",service="registry",scope="repository:${asked[1]}:pull"`;
    return { ...plain(401, 'unauthorized'), headers: { 'www-authenticate': challenge } };
  }
  return asked[2] === 'manifests'
    ? manifestAnswer(store.manifests.get(`${asked[1]}:${asked[3]}`))
    : blobAnswer(url, asked[3] ?? '', store);
}

// The real registry says text/plain too.
const manifestAnswer = (manifest: string | undefined): FakeResponse =>
  manifest === undefined
    ? json(404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] })
    : plain(200, manifest);

function blobAnswer(url: URL, digest: string, store: RegistryStore): FakeResponse {
  if (!store.blobs.has(digest)) return json(404, { errors: [{ code: 'BLOB_UNKNOWN' }] });
  const cdn = new URL(`/cdn/${digest}?X-Signature=not-for-logs`, url);
  cdn.hostname = otherHost[url.hostname] ?? `cdn.${url.hostname}`;
  return { ...plain(307, ''), headers: { location: cdn.href, 'content-length': '0' } };
}

const otherHost: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  '127.0.0.1': 'localhost',
};

/** A file as a web server gives it: strong ETag, one range, If-Range. */
export function ranged(
  content: Uint8Array | undefined,
  headers: FakeRequest['headers'],
): FakeResponse {
  if (content === undefined) return plain(404, 'not found');
  const etag = `"${digestOf(content).slice(7, 39)}"`;
  const common = { etag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
  const match = /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? '');
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  if (match === null || !isSame) {
    return {
      status: 200,
      headers: { ...common, 'content-length': String(content.length) },
      body: content,
    };
  }
  const start = Number(match[1]);
  const end = Math.min(match[2] === '' ? content.length - 1 : Number(match[2]), content.length - 1);
  if (start >= content.length) {
    return { ...plain(416, ''), headers: { 'content-range': `bytes */${content.length}` } };
  }
  const body = content.subarray(start, end + 1);
  const range = `bytes ${start}-${end}/${content.length}`;
  return {
    status: 206,
    headers: { ...common, 'content-range': range, 'content-length': String(body.length) },
    body,
  };
}

export function plain(status: number, content: string): FakeResponse {
  const body = Buffer.from(content);
  return {
    status,
    headers: { 'content-type': 'text/plain', 'content-length': String(body.length) },
    body,
  };
}

export const json = (status: number, value: unknown): FakeResponse => ({
  ...plain(status, JSON.stringify(value)),
});

/** A port that reaches the server in this process, under every host name. */
export const httpOf = (handle: (request: FakeRequest) => FakeResponse | null): Http => ({
  request: async ({ method, url, headers = {}, signal }) => {
    signal?.throwIfAborted();
    const lower: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value;
    const response = handle({ method, url: new URL(url), headers: lower });
    if (response === null) throw new HttpError('refused', `${method} ${url}: refused`);
    return { ...response, body: inProcess(method === 'HEAD' ? null : response, signal) };
  },
});

/** As the real port does it: cancellable before it begins, and an abort ends it anywhere. */
function inProcess(
  response: FakeResponse | null,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  const chunks = response === null ? null : deliver(response);
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  aborted.catch(() => undefined);
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    signal?.throwIfAborted();
    if (chunks === null) return { done: true, value: undefined };
    const chunk = chunks.next().catch(() => {
      throw new HttpError('cut', 'the connection was cut');
    });
    return Promise.race([chunk, aborted]);
  };
  return {
    [Symbol.asyncIterator]: () => ({
      next,
      return: async () => ({ done: true, value: undefined }),
    }),
  };
}

export type Served = Pick<FakeRegistry, 'handle' | 'sent'> & { readonly faults: Faults };

export async function listen(served: Served, port: number) {
  const server = createServer((request, response) => {
    void respond(request, response, served);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { handle, faults, sent }: Served,
): Promise<void> {
  if (request.url === '/_faults') {
    const { on, ...fault } = JSON.parse(await text(request)) as Fault & { readonly on: string };
    faults.add({ ...fault, on: new RegExp(on) });
    response.end();
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const answered = handle({ method: request.method ?? 'GET', url, headers });
  if (answered === null) {
    request.destroy();
    return;
  }
  response.writeHead(answered.status, answered.headers);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const gone = new Promise((resolve) => response.once('close', resolve));
  try {
    for await (const chunk of deliver(answered)) {
      if (response.destroyed) return;
      sent.set(url.pathname, (sent.get(url.pathname) ?? 0) + chunk.length);
      // Once it is on its way: a cut would take back what still waits in this process.
      const written = new Promise((resolve) => response.write(chunk, resolve));
      await Promise.race([written, gone]);
    }
    response.end();
  } catch {
    response.destroy(); // the fault was to cut the connection here
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, folder: { type: 'string' } },
  });
  const registry = createRegistry();
  if (values.folder !== undefined) registry.loadFolder(values.folder);
  const { origin } = await registry.listen(Number(values.port ?? 0));
  process.stdout.write(`listening on ${origin}\n`);
}
