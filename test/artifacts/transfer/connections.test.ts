// How many connections a transfer opens: more where each is slow, and one where this machine is what
// limits it.
import { expect, it } from 'vitest';
import type { OpenedFile, ReadableFile } from '../../../src/artifacts/source.ts';
import { fetchSpans } from '../../../src/artifacts/transfer/fetch-spans.ts';
import { errorProblem } from '../../../src/core/problem.ts';
import type { Assembly } from '../../../src/io/io.ts';

const bytes = 64 * 1024 * 1024;
const chunkBytes = 256 * 1024;
const noFile: Assembly = {
  part: () => ({ write: () => undefined, end: async () => undefined }),
  sync: async () => undefined,
  finish: () => Promise.reject(new Error('nothing was put together')),
  close: async () => undefined,
};
const cut = errorProblem({ code: 'source/cut', summary: 'cut', detail: 'cut' });

/** Time passes with the bytes alone: so many in each millisecond and connection. */
async function mostAtOnce(bytesPerMs: number): Promise<number> {
  let now = 0;
  let open = 0;
  let most = 0;
  async function* body(length: number): AsyncGenerator<Uint8Array> {
    try {
      for (let sent = 0; sent < length; sent += chunkBytes) {
        await new Promise(setImmediate);
        now += chunkBytes / bytesPerMs / open;
        yield new Uint8Array(Math.min(chunkBytes, length - sent));
      }
    } finally {
      open -= 1;
    }
  }
  const readable: ReadableFile = {
    read: async ({ range }): Promise<OpenedFile> => {
      const start = range?.start ?? 0;
      const end = (range?.end ?? bytes - 1) + 1;
      open += 1;
      most = Math.max(most, open);
      return { start, end, totalBytes: bytes, validator: null, bytes: body(end - start) };
    },
  };
  const clock = {
    now: () => now,
    elapsed: () => now,
    sleep: async () => undefined,
    every: () => () => undefined,
  };
  await fetchSpans({
    io: { clock, random: { fraction: () => 0.5, hex: () => '' } },
    readable,
    assembly: Promise.resolve(noFile),
    missing: [[0, bytes]],
    bytes,
    connectionsMax: 16,
    validator: null,
    signal: new AbortController().signal,
    onOpened: () => undefined,
    onReceived: () => undefined,
    cut: () => cut,
  });
  return most;
}

it('opens all that it may where each connection is slow', async () => {
  expect(await mostAtOnce(20 * 1024)).toBe(16);
});

it('stays with one that is as fast as this machine', async () => {
  expect(await mostAtOnce(1024 * 1024)).toBe(1);
});
