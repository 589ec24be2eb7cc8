// The body of a request: at once when it is in memory, chunk by chunk with backpressure when it is a
// stream. A stream is held to the length that was announced for it.
import type { ClientRequest } from 'node:http';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { assert } from '../../core/assert.ts';
import type { HttpRequest } from '../io.ts';

type Body = HttpRequest['body'];
type Headers = Readonly<Record<string, string>>;

interface Progress {
  readonly onChunk: () => void;
  /** The stream itself failed. What happens to the connection, its own events tell. */
  readonly onSourceFailure: (error: unknown) => void;
}

/** Of a body in memory; a stream brings its own. */
export const lengthHeader = (body: Body): Headers =>
  typeof body === 'string' || body instanceof Uint8Array
    ? { 'content-length': String(Buffer.byteLength(body)) }
    : {};

export function uploadBody(
  outgoing: ClientRequest,
  body: Body,
  headers: Headers,
  progress: Progress,
): void {
  const counted = countedBody(body, headers, progress);
  if (counted === null || typeof counted === 'string' || counted instanceof Uint8Array) {
    outgoing.end(counted ?? undefined);
    return;
  }
  const { pipeline } = process.getBuiltinModule('node:stream/promises');
  // Either end that fails is reported by the stream or by the connection.
  pipeline(counted, outgoing).catch(() => undefined);
}

/** What is to be sent; of a stream, what reports its chunks and fails on another length. */
export function countedBody(
  body: Body,
  headers: Headers,
  { onChunk, onSourceFailure }: Progress,
): string | Uint8Array | Readable | null {
  if (body === undefined) return null;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  const entry = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-length');
  const declared = Number(entry?.[1]);
  assert(Number.isSafeInteger(declared), 'a stream is sent with its Content-Length');

  async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        if (bytes > declared) break;
        onChunk();
        yield chunk;
      }
      // Sending on would desynchronize the connection, or wait for bytes that never come.
      if (bytes !== declared) throw new Error(`the stream does not have ${declared} bytes`);
    } catch (error) {
      onSourceFailure(error);
      throw error;
    }
  }
  return process
    .getBuiltinModule('node:stream')
    .Readable.from(counted(body), { objectMode: false });
}
