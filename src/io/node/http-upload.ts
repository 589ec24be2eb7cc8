// Sends the body of a request: at once when it is in memory, chunk by chunk with backpressure when
// it is a stream.
import type { ClientRequest } from 'node:http';
import process from 'node:process';
import { assert } from '../../core/assert.ts';
import type { HttpRequest } from '../io.ts';

interface Progress {
  readonly onChunk: () => void;
  /** The stream itself failed. What happens to the connection, its own events tell. */
  readonly onSourceFailure: (error: unknown) => void;
}

export function uploadBody(
  outgoing: ClientRequest,
  body: HttpRequest['body'],
  { onChunk, onSourceFailure }: Progress,
): void {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    outgoing.end(body);
    return;
  }
  const declared = Number(outgoing.getHeader('content-length'));
  assert(Number.isSafeInteger(declared), 'a stream is sent with its Content-Length');
  const { pipeline } = process.getBuiltinModule('node:stream/promises');

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
  // Either end that fails is reported above or by the connection.
  pipeline(counted(body), outgoing).catch(() => undefined);
}
