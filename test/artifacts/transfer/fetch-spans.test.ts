// Several connections of one transfer: when one of them cannot go on, the transfer ends as a whole,
// and it is told once, when all of them have.
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { FilePart, OpenedFile, ReadableFile } from '../../../src/artifacts/source.ts';
import { fetchSpans } from '../../../src/artifacts/transfer/fetch-spans.ts';
import { errorProblem, ProblemError } from '../../../src/core/problem.ts';
import type { Assembly } from '../../../src/io/io.ts';
import { createNodeIo } from '../../../src/io/node.ts';

const bytes = 64 * 1024 * 1024;
const noFile: Assembly = {
  part: () => ({ write: () => undefined, end: async () => undefined }),
  sync: async () => undefined,
  finish: () => Promise.reject(new Error('nothing was put together')),
  close: async () => undefined,
};
const problemOf = (code: string) =>
  errorProblem({ code, summary: code, detail: code, remedy: code, retry: 'never' });

function watchUnhandled(): readonly unknown[] {
  const seen: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void seen.push(reason);
  process.on('unhandledRejection', onUnhandled);
  onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
  return seen;
}

/** Sends something now and then, and takes a while to end. */
function slowBody(part: FilePart, onEnd: () => void): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        await pause(5);
        part.signal.throwIfAborted();
        return { done: false, value: new Uint8Array(1024) };
      },
      return: async () => {
        await pause(60);
        onEnd();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** The first connections stay, and the one that comes as the `failing`-th cannot go on. */
function site(failing: number) {
  const open = new Set<number>();
  let asked = 0;
  const readable: ReadableFile = {
    read: async (part): Promise<OpenedFile> => {
      const number = asked;
      asked += 1;
      open.add(number);
      await pause(10);
      if (number === failing) {
        open.delete(number);
        throw new ProblemError(problemOf('source/gone'));
      }
      const start = part.range?.start ?? 0;
      const end = (part.range?.end ?? bytes - 1) + 1;
      const body = slowBody(part, () => void open.delete(number));
      return { start, end, totalBytes: bytes, validator: null, bytes: body };
    },
  };
  return { readable, open, asked: () => asked };
}

it.each([0, 1, 3])(
  'a connection that cannot go on ends all of them before it is told (number %i)',
  async (failing) => {
    const unhandled = watchUnhandled();
    const { readable, open, asked } = site(failing);
    const work = fetchSpans({
      io: createNodeIo(),
      readable,
      assembly: Promise.resolve(noFile),
      missing: [[0, bytes]],
      bytes,
      connectionsMax: 8,
      validator: null,
      signal: new AbortController().signal,
      onOpened: () => undefined,
      onReceived: () => undefined,
      cut: () => problemOf('source/cut'),
    });
    await expect(work).rejects.toMatchObject({ problem: { code: 'source/gone' } });
    expect([...open]).toEqual([]);
    expect(asked()).toBeGreaterThan(failing);
    const before = asked();
    await pause(50);
    expect(asked()).toBe(before);
    expect(unhandled).toEqual([]);
  },
);
