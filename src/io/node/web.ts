// HTTP for bytes, over undici's dispatcher: a body costs well over a third less processor time than
// through node's own client, and a connection can go through a proxy or trust a private authority.
// Every wait has a limit, and aborting ends the request in whichever phase it is. All that is heavy
// is loaded by the first request.
import type { Dispatcher } from 'undici';
import type { Environment, Http, HttpRequest, HttpResponse } from '../io.ts';
import { HttpError } from '../io.ts';
import { httpErrorFrom, requestName } from './http-failure.ts';
import { countedBody, lengthHeader } from './http-upload.ts';
import { notWanted, type WebBody, webBody } from './web-body.ts';
import type { Lane, Lanes } from './web-lanes.ts';

export function createNodeWeb(environment: Pick<Environment, 'get'>): Http {
  let loading: Promise<Lanes> | null = null;
  return {
    request: async (request) => {
      request.signal?.throwIfAborted();
      const url = URL.parse(request.url);
      if (url === null) throw new HttpError('other', `${request.method}: not a URL`);
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        throw new HttpError('other', `${url.protocol} is not a protocol that is spoken here`);
      }
      loading ??= import('./web-lanes.ts').then(({ createLanes }) => createLanes(environment));
      const lane = (await loading).laneTo(url, request.connection ?? {});
      request.signal?.throwIfAborted();
      return exchange({ request, url, lane, name: requestName(request.method, url) });
    },
  };
}

interface Exchange {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly lane: Lane;
  readonly name: string;
}

function exchange(call: Exchange): Promise<HttpResponse> {
  const { request, name, lane } = call;
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  let controller: Dispatcher.DispatchController | null = null;
  let body: WebBody | null = null;
  let settled = false;
  let leave = lane.enter();

  const timer = setTimeout(() => {
    abandon(new HttpError('timeout', `${name}: no answer within ${request.timeoutMs} ms`));
  }, request.timeoutMs);
  const onAbort = (): void => abandon(request.signal?.reason);
  request.signal?.addEventListener('abort', onAbort, { once: true });
  const settle = (): void => {
    settled = true;
    leave();
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', onAbort);
  };
  const abandon = (reason: unknown): void => {
    if (settled) return;
    settle();
    reject(reason);
    controller?.abort(notWanted);
  };

  const handlerOf = (connection: 'kept' | 'new'): Dispatcher.DispatchHandler => ({
    onRequestStart: (started) => {
      leave();
      controller = started;
      if (settled) started.abort(notWanted);
    },
    onResponseStart: (started, status, headers) => {
      // An interim answer (103) announces the real one.
      if (settled || status < 200) return;
      settle();
      const idleTimeoutMs = request.idleTimeoutMs ?? request.timeoutMs;
      const onRead = request.lendsChunks === true ? lane.giveBack : null;
      body = webBody(started, { name, idleTimeoutMs, onRead, signal: request.signal });
      resolve({ status, headers: joined(headers), body: body.bytes });
    },
    onResponseData: (_, chunk) => body?.push(chunk),
    onResponseEnd: () => body?.end(),
    onResponseError: (_, error) => {
      if (body !== null) body.fail(error);
      if (settled) return;
      if (connection === 'kept' && isRepeatable(call, error)) {
        leave = lane.enter();
        send('new');
      } else abandon(httpErrorFrom(error, name));
    },
  });
  const send = (connection: 'kept' | 'new'): void => {
    try {
      lane.dispatch(dispatchOptions(call, timer, abandon), handlerOf(connection), connection);
    } catch (error) {
      abandon(httpErrorFrom(error, name));
    }
  };
  send('kept');
  return promise;
}

function dispatchOptions(
  { request, url }: Exchange,
  timer: NodeJS.Timeout,
  onSourceFailure: (error: unknown) => void,
): Dispatcher.DispatchOptions {
  const { body } = request;
  const headers = { 'user-agent': 'modelctl', ...lengthHeader(body), ...request.headers };
  return {
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers,
    body: countedBody(body, headers, { onChunk: () => timer.refresh(), onSourceFailure }),
    // Else the connection would end with each HEAD.
    reset: false,
    // The limits are this file's and the body's own, which are exact.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

/**
 * A server may close a kept connection just as the next request is sent on it. Nobody is at fault
 * and nothing was answered, so what may be repeated goes out once more, on a new connection.
 */
const isRepeatable = ({ request, name }: Exchange, error: Error): boolean =>
  request.method !== 'POST' &&
  (request.body === undefined || typeof request.body === 'string') &&
  httpErrorFrom(error, name).reason === 'cut';

function joined(
  incoming: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [header, value] of Object.entries(incoming)) {
    if (value !== undefined) headers[header] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}
