// The Http port over handlers in the same process: no sockets, and all waiting on the given clock.
import {
  type Clock,
  type Http,
  HttpError,
  type HttpRequest,
  type HttpResponse,
} from '../../../src/io/io.ts';
import { Disconnected, type FakeHandler, type FakeRequest } from './message.ts';

/** By origin, as in `http://127.0.0.1:11434`. An origin that is not there refuses connections. */
export const memoryHttp = (handlers: ReadonlyMap<string, FakeHandler>, clock: Clock): Http => ({
  request: (request) => exchange(handlers, clock, request),
});

async function exchange(
  handlers: ReadonlyMap<string, FakeHandler>,
  clock: Clock,
  request: HttpRequest,
): Promise<HttpResponse> {
  request.signal?.throwIfAborted();
  const url = new URL(request.url);
  const handler = handlers.get(url.origin);
  if (handler === undefined) throw new HttpError('refused', `connect ECONNREFUSED ${url.host}`);
  const gone = new AbortController();
  const abort = (): void => gone.abort(request.signal?.reason);
  request.signal?.addEventListener('abort', abort, { once: true });
  const sent: FakeRequest = {
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, ...lowerCased(request.headers ?? {}) },
    body: bodyOf(request),
    signal: gone.signal,
  };
  const wait = waiter(clock, gone, request.signal);
  const response = await wait(handler(sent), request.timeoutMs);
  const idleMs = request.idleTimeoutMs ?? request.timeoutMs;
  async function* body(): AsyncGenerator<Uint8Array> {
    const chunks = response.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await wait(chunks.next(), idleMs);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      request.signal?.removeEventListener('abort', abort);
      gone.abort();
      // What the server was still doing for this answer ends with the connection.
      void chunks.return?.()?.catch(() => undefined);
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    body: request.method === 'HEAD' ? none() : body(),
  };
}

/** Ends a wait on the clock, on the caller's signal, or with what the handler throws. */
function waiter(clock: Clock, gone: AbortController, signal: AbortSignal | undefined) {
  return async <T>(work: Promise<T>, limitMs: number): Promise<T> => {
    const timer = new AbortController();
    const slow = clock.sleep(limitMs, timer.signal).then(() => {
      throw new HttpError('timeout', `no answer within ${limitMs} ms`);
    });
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(reasonOf(signal));
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true, signal: timer.signal });
    try {
      return await Promise.race([work, slow, aborted.promise]);
    } catch (error) {
      gone.abort();
      if (!(error instanceof Disconnected)) throw error;
      throw new HttpError(error.reason, error.message, { cause: error });
    } finally {
      timer.abort();
    }
  };
}

const reasonOf = (signal: AbortSignal | undefined): Error => signal?.reason as Error;

async function* bodyOf({ body }: HttpRequest): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (typeof body === 'string') yield new TextEncoder().encode(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}

async function* none(): AsyncGenerator<Uint8Array> {}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
