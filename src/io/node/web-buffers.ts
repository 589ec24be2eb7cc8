// Memory that sockets read into, used again and again: allocating it anew for each read costs as much
// time as all else together, and leaves garbage of a hundred megabytes. A buffer comes back only when
// whoever was lent it says so; what nobody gives back is left to the garbage collector.
import type { OnReadOpts, Socket } from 'node:net';

/** What one read of a socket takes at most. */
export const readBytesMax = 128 * 1024;

/** Kept for the next reads; more is more than many connections need at a time. */
const spareBuffersMax = 64;

/** A read of less than this is copied out: a whole buffer is too much for it. */
const copiedBytesMax = readBytesMax / 8;

export interface ReadBuffers {
  /** For a socket: everything that it reads goes through these buffers. */
  readonly onread: OnReadOpts;
  /** The chunk is not looked at any more. Of any other memory, this does nothing. */
  readonly giveBack: (chunk: Uint8Array) => void;
}

export function createReadBuffers(): ReadBuffers {
  const spare: Buffer[] = [];
  /** What a buffer was filled with, for those that are out. */
  const filled = new WeakMap<
    ArrayBufferLike,
    { readonly buffer: Buffer; readonly bytes: number }
  >();
  return {
    onread: {
      buffer: () => spare.pop() ?? Buffer.allocUnsafeSlow(readBytesMax),
      callback(this: Socket, bytes: number, memory: Uint8Array) {
        const buffer = memory as Buffer;
        if (bytes < copiedBytesMax) {
          const copy = Buffer.from(buffer.subarray(0, bytes));
          if (spare.length < spareBuffersMax) spare.push(buffer);
          return this.push(copy);
        }
        filled.set(buffer.buffer, { buffer, bytes });
        return this.push(buffer.subarray(0, bytes));
      },
    },
    giveBack: (chunk) => {
      const read = filled.get(chunk.buffer);
      // A part of a read may not be all that is still looked at: headers, the next chunk.
      if (read === undefined || chunk.byteOffset !== 0 || chunk.length !== read.bytes) return;
      filled.delete(chunk.buffer);
      if (spare.length < spareBuffersMax) spare.push(read.buffer);
    },
  };
}
