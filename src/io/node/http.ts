// HTTP over node's own client with kept-alive connections. Idle connections do not keep the
// process alive (node unrefs them). Every wait has a limit, and aborting ends the request in
// whichever phase it is.
import type { Agent, ClientRequest, IncomingMessage, request as startRequest } from 'node:http';
import process from 'node:process';
import { type Http, HttpError, type HttpRequest, type HttpResponse } from '../io.ts';
import { responseBody } from './http-body.ts';
import { httpErrorFrom, requestName } from './http-failure.ts';
import { lengthHeader, uploadBody } from './http-upload.ts';

/** At once to one origin; further requests queue, within their own timeouts. */
const connectionsMax = 32;

/** Redirects of model hubs carry signed URLs and long policies: node's 16 KiB are not enough. */
const headerBytesMax = 64 * 1024;

/** Per address of a name with several; node's quarter of a second fails on slow links. */
const addressTimeoutMs = 1_000;

export function createNodeHttp(): Http {
  const transports = new Map<string, Transport>();
  return {
    request: async (request) => {
      request.signal?.throwIfAborted();
      const url = URL.parse(request.url);
      if (url === null) throw new HttpError('other', `${request.method}: not a URL`);
      const transport = transports.get(url.protocol) ?? createTransport(url.protocol);
      transports.set(url.protocol, transport);
      return exchange({ request, url, name: requestName(request.method, url), transport });
    },
  };
}

interface Transport {
  readonly request: typeof startRequest;
  readonly agent: Agent;
}

/**
 * Loads a protocol on its first use. Not by `import`: that evaluates every export of node:http,
 * among them the lazy ones that pull in the whole of undici, and takes seven times as long.
 */
function createTransport(protocol: string): Transport {
  const options = {
    keepAlive: true,
    maxSockets: connectionsMax,
    autoSelectFamilyAttemptTimeout: addressTimeoutMs,
  };
  if (protocol === 'http:') {
    const http = process.getBuiltinModule('node:http');
    return { request: http.request, agent: new http.Agent(options) };
  }
  if (protocol === 'https:') {
    const https = process.getBuiltinModule('node:https');
    return { request: https.request, agent: new https.Agent(options) };
  }
  throw new HttpError('other', `${protocol} is not a protocol that is spoken here`);
}

interface Exchange {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly name: string;
  readonly transport: Transport;
  /** Absent: a kept connection if there is one. */
  readonly connection?: 'new';
}

function exchange(call: Exchange): Promise<HttpResponse> {
  const { request, name } = call;
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const headers = {
    'user-agent': 'modelctl',
    ...lengthHeader(request.body),
    ...request.headers,
  };
  const outgoing = start(call, headers);
  let settled = false;

  const abandon = (reason: unknown): void => {
    settle();
    reject(reason);
    outgoing.destroy();
  };
  const timer = setTimeout(() => {
    abandon(new HttpError('timeout', `${name}: no answer within ${request.timeoutMs} ms`));
  }, request.timeoutMs);
  const onAbort = (): void => abandon(request.signal?.reason);
  request.signal?.addEventListener('abort', onAbort, { once: true });
  const settle = (): void => {
    settled = true;
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onAbort);
  };

  outgoing.on('error', (error) => {
    // After an answer or a decision of ours, an error only tells of the connection's end.
    if (settled) return;
    settle();
    if (isStale(outgoing, error, call)) resolve(exchange({ ...call, connection: 'new' }));
    else reject(httpErrorFrom(error, name));
  });
  outgoing.on('close', () => {
    if (!settled) abandon(new HttpError('cut', `${name}: the connection was closed`));
  });
  outgoing.on('response', (response) => {
    if (settled) return;
    settle();
    resolve(responseOf(response, outgoing, call));
  });
  uploadBody(outgoing, request.body, headers, {
    onChunk: () => {
      if (!settled) timer.refresh();
    },
    onSourceFailure: (error) => {
      if (!settled) abandon(error);
    },
  });
  return promise;
}

function start(
  { request, url, transport, connection }: Exchange,
  headers: Readonly<Record<string, string>>,
): ClientRequest {
  return transport.request(url, {
    method: request.method,
    headers,
    agent: connection === 'new' ? false : transport.agent,
    maxHeaderSize: headerBytesMax,
  });
}

/**
 * A server may close a kept connection just as the next request is sent on it. Nobody is at fault
 * and nothing was answered, so what may be repeated goes out once more, on a new connection.
 */
const isStale = (outgoing: ClientRequest, error: Error, { request, name, connection }: Exchange) =>
  outgoing.reusedSocket &&
  connection !== 'new' &&
  (request.method !== 'POST' || request.isRepeatable === true) &&
  (request.body === undefined || typeof request.body === 'string') &&
  httpErrorFrom(error, name).reason === 'cut';

function responseOf(
  incoming: IncomingMessage,
  outgoing: ClientRequest,
  { request, name }: Exchange,
): HttpResponse {
  const headers: Record<string, string> = {};
  for (const [header, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[header] = Array.isArray(value) ? value.join(', ') : value;
  }
  const body = responseBody(incoming, {
    name,
    idleTimeoutMs: request.idleTimeoutMs ?? request.timeoutMs,
    hasContent: request.method !== 'HEAD' && headers['content-length'] !== '0',
    signal: request.signal,
    // An answer before the upload was through: the rest of it is of no use to anyone.
    onEnd: () => {
      if (!outgoing.writableFinished) outgoing.destroy();
    },
  });
  return { status: incoming.statusCode ?? 0, headers, body };
}
