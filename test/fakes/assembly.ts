// A file put together from parts, for disks that are simulated: everything happens at once, on the
// same thread.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert } from '../../src/core/assert.ts';
import { addSpan, gapsIn, type Spans } from '../../src/core/span.ts';
import type { Assembly, AssemblyOptions, Digested } from '../../src/io/io.ts';

/** What the disk does: it may throw. */
interface Place {
  readonly put: (start: number, bytes: Uint8Array) => void;
  readonly content: () => Uint8Array;
}

export function createFakeAssembly(
  { put, content }: Place,
  { bytes, chunkBytes, present, onWritten }: AssemblyOptions & { readonly present: Spans },
): Assembly {
  let spans = present;
  return {
    part: (from) => {
      let start = from;
      let failure: Error | null = null;
      return {
        write: (piece) => {
          try {
            put(start, piece);
          } catch (error) {
            failure = error instanceof Error ? error : new Error(String(error));
            throw failure;
          }
          spans = addSpan(spans, [start, start + piece.length]);
          onWritten([start, start + piece.length]);
          start += piece.length;
          return undefined;
        },
        end: async () => {
          if (failure !== null) throw failure;
        },
      };
    },
    sync: async () => undefined,
    finish: async () => {
      assert(gapsIn(spans, bytes).length === 0, 'a file is finished when all of it is written');
      return digestedOf(content(), chunkBytes);
    },
    close: async () => undefined,
  };
}

export function digestedOf(content: Uint8Array, chunkBytes: number): Digested {
  const chunks: number[] = [];
  for (let at = 0; at < content.length; at += chunkBytes) {
    chunks.push(crc32(content.subarray(at, at + chunkBytes)));
  }
  return { digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, chunks };
}
