// The body of a response as chunks just as the parser cut them: no stream in between, which costs
// more than all else. Reads no faster than it is consumed: while enough waits here, the connection
// is paused. The idle limit counts only while somebody waits: a slow reader is not a slow server.
import { assert } from '../../core/assert.ts';
import { HttpError } from '../io.ts';
import { httpErrorFrom } from './http-failure.ts';

/** Waits here, of one body, beside what waits in the socket. */
const queuedBytesMax = 64 * 1024;

interface Connection {
  readonly pause: () => void;
  readonly resume: () => void;
  readonly abort: (reason: Error) => void;
}

export interface WebBody {
  readonly push: (chunk: Uint8Array) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void;
  /** Can be consumed once. Ends the connection when cancelled, even before the first chunk. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

interface BodyOptions {
  /** How the request is called in messages. */
  readonly name: string;
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Told each chunk once its reader is through with it; null: it may keep them. */
  readonly onRead: ((chunk: Uint8Array) => void) | null;
}

type Result = IteratorResult<Uint8Array, undefined>;

const done: Result = { done: true, value: undefined };
/** Ends a connection that nobody reads any more; no caller sees it. */
export const notWanted = new Error('no longer wanted');

export function webBody(connection: Connection, options: BodyOptions): WebBody {
  const queue = boundedQueue(connection, options.onRead);
  /** Nothing more comes: it was all, or failed, or is not wanted. */
  let over = false;
  let failure: { readonly reason: unknown } | null = null;
  let waiter: PromiseWithResolvers<Result> | null = null;
  const idle = idleLimit(options.idleTimeoutMs, () => {
    if (waiter === null) return;
    const words = `nothing more came within ${options.idleTimeoutMs} ms`;
    stop({ reason: new HttpError('timeout', `${options.name}: ${words}`) });
  });

  const close = (because: { readonly reason: unknown } | null): void => {
    if (over) return;
    over = true;
    options.signal?.removeEventListener('abort', onAbort);
    idle.clear();
    if (waiter === null) failure = because;
    else if (because === null) waiter.resolve(done);
    else waiter.reject(because.reason);
    waiter = null;
  };
  /** What waits here goes too: whoever stops wants none of it. */
  const stop = (because: { readonly reason: unknown } | null): void => {
    queue.clear();
    if (over) return;
    close(because);
    connection.abort(notWanted);
  };
  const onAbort = (): void => stop({ reason: options.signal?.reason });
  options.signal?.addEventListener('abort', onAbort, { once: true });

  const next = (): Promise<Result> => {
    const value = queue.take();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (failure !== null) {
      const { reason } = failure;
      failure = null;
      return failed(reason);
    }
    if (over) return Promise.resolve(done);
    assert(waiter === null, 'a body is asked for one chunk at a time');
    waiter = Promise.withResolvers<Result>();
    idle.restart();
    return waiter.promise;
  };
  const cancel = (): Promise<Result> => {
    stop(null);
    queue.takeBack();
    failure = null;
    return Promise.resolve(done);
  };

  return {
    push: (chunk) => {
      if (over) return;
      if (waiter === null) {
        queue.put(chunk);
        return;
      }
      const { resolve } = waiter;
      waiter = null;
      resolve({ done: false, value: queue.pass(chunk) });
    },
    end: () => close(null),
    fail: (error) => close({ reason: httpErrorFrom(error, options.name) }),
    bytes: { [Symbol.asyncIterator]: () => ({ next, return: cancel }) },
  };
}

/** Always the same timer: a body has many chunks. */
function idleLimit(
  limitMs: number,
  onIdle: () => void,
): { readonly restart: () => void; readonly clear: () => void } {
  let timer: NodeJS.Timeout | null = null;
  return {
    restart: () => {
      if (timer === null) timer = setTimeout(onIdle, limitMs);
      else timer.refresh();
    },
    clear: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** For any reason: an abort's own may be no Error. */
function failed(reason: unknown): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  reject(reason);
  return promise;
}

/** Pauses the connection while it is full. Each `take` ends what was taken before. */
function boundedQueue(
  connection: Connection,
  onRead: BodyOptions['onRead'],
): {
  readonly put: (chunk: Uint8Array) => void;
  readonly take: () => Uint8Array | undefined;
  /** Past the queue, to somebody who waits. */
  readonly pass: (chunk: Uint8Array) => Uint8Array;
  readonly clear: () => void;
  readonly takeBack: () => void;
} {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let paused = false;
  let lent: Uint8Array | undefined;
  const pass = (chunk: Uint8Array): Uint8Array => {
    if (onRead !== null) lent = chunk;
    return chunk;
  };
  const takeBack = (): void => {
    if (lent !== undefined) onRead?.(lent);
    lent = undefined;
  };
  return {
    put: (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (paused || bytes < queuedBytesMax) return;
      paused = true;
      connection.pause();
    },
    take: () => {
      takeBack();
      const chunk = chunks.shift();
      bytes -= chunk?.length ?? 0;
      // Parses what waits in the socket, and may put more here, before it returns.
      if (paused && bytes < queuedBytesMax) {
        paused = false;
        connection.resume();
      }
      return chunk === undefined ? undefined : pass(chunk);
    },
    pass,
    // What was taken last may still be looked at.
    clear: () => {
      chunks.length = 0;
    },
    takeBack,
  };
}
