// The body of a response as a stream that reads no faster than it is consumed. Its limits count
// only while somebody waits for a chunk: a slow reader is not a slow server.
import type { IncomingMessage } from 'node:http';
import { HttpError } from '../io.ts';
import { httpErrorFrom } from './http-failure.ts';

interface BodyOptions {
  /** How the request is called in messages. */
  readonly name: string;
  readonly idleTimeoutMs: number;
  readonly hasContent: boolean;
  readonly signal: AbortSignal | undefined;
  /** Read to the end, cancelled or failed: nothing more is wanted of this exchange. */
  readonly onEnd: () => void;
}

/** Can be consumed once. Ends the connection when cancelled, even before the first chunk. */
export function responseBody(
  incoming: IncomingMessage,
  options: BodyOptions,
): AsyncIterable<Uint8Array> {
  // The failure is reported to whoever reads; without a listener it would end the process.
  incoming.on('error', () => undefined);
  if (!options.hasContent || incoming.statusCode === 204 || incoming.statusCode === 304) {
    incoming.resume();
    options.onEnd();
    return nothing();
  }
  const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
  let failure: { readonly reason: unknown } | null = null;
  let ended = false;

  const fail = (reason: unknown): void => {
    failure ??= { reason };
    incoming.destroy();
  };
  const onAbort = (): void => fail(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const end = (): void => {
    ended = true;
    options.signal?.removeEventListener('abort', onAbort);
    options.onEnd();
  };

  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    if (ended) return { done: true, value: undefined };
    const timer = setTimeout(() => {
      const words = `nothing more came within ${options.idleTimeoutMs} ms`;
      fail(new HttpError('timeout', `${options.name}: ${words}`));
    }, options.idleTimeoutMs);
    const result = await chunks.next().catch((error: unknown) => {
      failure ??= { reason: httpErrorFrom(error, options.name) };
      return null;
    });
    clearTimeout(timer);
    if (result === null || failure !== null) {
      end();
      throw failure?.reason;
    }
    if (result.done === true) end();
    return result;
  };
  // Not a generator: `return` of one that was never started would leave the connection open.
  const cancel = async (): Promise<IteratorResult<Uint8Array>> => {
    if (!ended) {
      end();
      incoming.destroy();
    }
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: cancel }) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
