// The engine's HTTP surface on loopback: who may ask, how large a question may be, and which
// handler answers. Everything needs the token; nothing is answered under another host's name, so
// that a web page cannot reach the engine through a rebound address.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { assert } from '../core/assert.ts';
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import { errorBody } from './openai-answer.ts';
import { badRequest, statusOf, tooLarge } from './problems.ts';
import type { ErrorAnswer } from './protocol.ts';

/** One request, as handlers see it. `signal` aborts when the client goes away. */
export interface Exchange {
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly json: (status: number, value: unknown) => void;
  /** Begins an answer in parts. Nothing can be taken back after it. */
  readonly stream: (contentType: string) => ServerResponse;
}

export type Handler = (exchange: Exchange) => Promise<void>;
/** By method and path, as in `POST /api/load`. */
export type Routes = Readonly<Record<string, Handler>>;

export interface ServerOptions {
  readonly token: string;
  readonly routes: Routes;
  readonly onError: (error: unknown) => void;
}

/** A conversation of a million tokens is some 5 MB of JSON. */
export const bodyBytesMax = 16 * 1024 * 1024;
/** Larger bodies than so many times that are cut off without an answer. */
const drainFactor = 4;
const receiveMsMax = 60_000;
const connectionsMax = 256;

/** Listens on 127.0.0.1, on a port that the system chooses. */
export async function listen(options: ServerOptions): Promise<{ server: Server; port: number }> {
  const server = createServer({ requestTimeout: receiveMsMax, headersTimeout: receiveMsMax });
  server.maxConnections = connectionsMax;
  server.on('request', (request, response) => void answer(request, response, server, options));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  return { server, port: portOf(server) };
}

function portOf(server: Server): number {
  const address = server.address();
  assert(typeof address === 'object' && address !== null, 'the server listens on a port');
  return address.port;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  server: Server,
  { token, routes, onError }: ServerOptions,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const openai = path.startsWith('/v1/');
  const json = (status: number, value: unknown): void => {
    const text = JSON.stringify(value);
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  };
  const fail = (problem: Problem, status = statusOf(problem)): void => {
    const own: ErrorAnswer = { error: problem };
    json(status, openai ? errorBody(problem) : own);
  };
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    if (!isOurHost(request.headers.host, portOf(server))) return fail(foreignHost, 403);
    if (!hasToken(request.headers.authorization, token)) return fail(unauthorized, 401);
    const handler = routes[`${request.method} ${path}`];
    if (handler === undefined) return failRoute(routes, path, fail);
    const body = request.method === 'GET' ? {} : parseBody(await readBody(request));
    const stream = (contentType: string): ServerResponse => {
      response.writeHead(200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
      // What follows may take a while, and the client waits for a sign that it was understood.
      response.flushHeaders();
      return response;
    };
    await handler({ body, signal: gone.signal, json, stream });
  } catch (error) {
    if (gone.signal.aborted) return;
    if (!(error instanceof ProblemError)) onError(error);
    // What is left of a body that was not read to its end would be taken for the next request.
    if (!request.complete && !response.headersSent) response.setHeader('Connection', 'close');
    if (response.headersSent) response.destroy();
    else fail(error instanceof ProblemError ? error.problem : unexpected);
  }
}

function failRoute(
  routes: Routes,
  path: string,
  fail: (problem: Problem, status: number) => void,
): void {
  const methods = Object.keys(routes).flatMap((route) => {
    const [method, at] = route.split(' ');
    return at === path && method !== undefined ? [method] : [];
  });
  if (methods.length === 0) fail(badRequest(`There is nothing at ${path}.`), 404);
  else fail(badRequest(`${path} takes ${methods.join(', ')} only.`), 405);
}

const isOurHost = (host: string | undefined, port: number): boolean =>
  host === `127.0.0.1:${port}` || host === `localhost:${port}`;

function hasToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Reads on beyond what it keeps: a client that is still sending does not see an answer. */
async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= bodyBytesMax) parts.push(part);
    if (bytes > bodyBytesMax * drainFactor) break;
  }
  if (bytes > bodyBytesMax) throw new ProblemError(tooLarge(bodyBytesMax));
  return Buffer.concat(parts).toString('utf8');
}

function parseBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ...value };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ProblemError(badRequest('The body must be one JSON object.'));
}

const unauthorized = errorProblem({
  code: 'engine/unauthorized',
  summary: 'The engine does not know the caller',
  detail: 'Requests need the bearer token of the engine.',
  remedy: 'Ask through modelctl, which knows it:\n\n    modelctl run MODEL "hello"',
});

const foreignHost = errorProblem({
  code: 'engine/foreign-host',
  summary: 'The engine refuses requests under this host name',
  detail: 'The engine answers as 127.0.0.1 and localhost only.',
});

const unexpected = errorProblem({
  code: 'engine/failed',
  summary: 'The engine could not answer',
  detail: 'Something unexpected happened in the engine; its log says more.',
  retry: 'later',
});
