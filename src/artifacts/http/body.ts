// Reading a response's body without trusting it: a bound on its length and on the time that it
// may take in all, and an end to every body that is not wanted.
import { type Clock, HttpError } from '../../io/io.ts';

/**
 * Everything, or null as soon as there is more than `bytesMax`; the rest is then cancelled.
 * Throws HttpError for a body that trickles in for longer than `timeoutMs`.
 */
export async function readAtMost(
  body: AsyncIterable<Uint8Array>,
  limits: { readonly bytesMax: number; readonly timeoutMs: number; readonly clock: Clock },
): Promise<Uint8Array | null> {
  const startedAt = limits.clock.now();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limits.bytesMax) return null;
    if (limits.clock.now() - startedAt > limits.timeoutMs) {
      throw new HttpError('timeout', `the body took longer than ${limits.timeoutMs} ms`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** Gives the connection free without reading what is left. */
export async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}
