// Fetches what is missing of a file over several connections at a time. A connection that fails
// gives back what it had left: the others go on with it, and only the last one waits and tries
// again. It decides nothing about whether the bytes are right.
import { assert } from '../../core/assert.ts';
import { type Problem, ProblemError } from '../../core/problem.ts';
import type { OnWait } from '../../core/progress.ts';
import { addSpan, type Span, type Spans, spanBytes } from '../../core/span.ts';
import type { Assembly, Io } from '../../io/io.ts';
import { discard } from '../http/body.ts';
import type { FilePart, OpenedFile, ReadableFile } from '../source.ts';
import { allot, type Pace, usefulConnections } from './allot.ts';

export interface FetchOptions {
  readonly io: Pick<Io, 'clock' | 'random'>;
  readonly readable: ReadableFile;
  readonly assembly: Promise<Assembly>;
  readonly missing: Spans;
  readonly bytes: number;
  readonly connectionsMax: number;
  /** Of the version that is there in part already. */
  readonly validator: string | null;
  readonly signal: AbortSignal;
  /** Before its bytes are read; may throw when they are of another file. */
  readonly onOpened: (opened: OpenedFile) => void;
  readonly onReceived: (bytes: number) => void;
  readonly onWait?: OnWait | undefined;
  /** For a connection that ended before its stretch did. */
  readonly cut: () => Problem;
}

/** The server sends the whole file where a part was asked for: it must be taken from the start. */
export class WholeFileError extends Error {
  override readonly name = 'WholeFileError';
}

/** In a row, without a byte in between. */
const failuresMax = 5;
const delayMsFirst = 500;

/** Throws ProblemError, WholeFileError, and node's own errors of the disk. Abort ends all of it. */
export async function fetchSpans(options: FetchOptions): Promise<void> {
  const lanes = usefulConnections(spanBytes(options.missing), options.connectionsMax);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const pool = new Pool(options.missing, lanes);
  const work: Promise<void>[] = [];
  const lane = async (): Promise<void> => {
    try {
      await fetchLane(pool, options, signal, join);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const join = (more: number): void => {
    const wanted = Math.min(lanes, work.length + more);
    while (work.length < wanted) {
      const one = lane();
      // It is waited for below, but may fail while the first ones still are.
      one.catch(() => undefined);
      work.push(one);
    }
  };
  join(1);
  // More of them join while the first ones run.
  for (let at = 0; at < work.length; at += 1) await Promise.allSettled(work.slice(at));
  options.signal.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  assert(pool.isDone(), 'a fetch ends when everything is there');
}

/**
 * Where a server or a long way slows each connection down more of them help: some join once the first
 * has been seen at work, and more with each stretch that is done.
 */
const lanesFirst = 4;
const lanesPerStretch = 2;
const settledMs = 25;
/**
 * So fast, only this machine is the limit, and others would take from the one that is there. It alone
 * has its bytes in order, which saves reading them again for the hash.
 */
const fastBytesPerMs = 128 * 1024;

interface Watch {
  /** A part has been coming for a moment. */
  readonly onSettled: (bytesPerMs: number) => void;
  /** Bytes came faster than they could be written. */
  readonly onFull: () => void;
}

class Pool {
  #missing: Spans;
  #running = 0;
  #pace: Pace | null = null;
  #hasSettled = false;
  #wasFull = false;
  readonly lanes: number;
  failures = 0;

  constructor(missing: Spans, lanes: number) {
    this.#missing = missing;
    this.lanes = lanes;
  }

  take(): Span | null {
    const next = allot(this.#missing, this.lanes, this.#pace);
    if (next === null) return null;
    this.#missing = next.rest;
    this.#running += 1;
    return next.span;
  }

  giveBack(rest: Span): void {
    this.#running -= 1;
    this.#missing = addSpan(this.#missing, rest);
  }

  /** The shortest wait counts: the others were also for our own other connections. */
  learn({ waitMs, bytesPerMs }: Pace, join: (more: number) => void): void {
    this.#pace = { waitMs: Math.min(waitMs, this.#pace?.waitMs ?? waitMs), bytesPerMs };
    if (this.#mayGrow(bytesPerMs)) join(lanesPerStretch);
  }

  opened(join: (more: number) => void): Watch {
    return {
      onSettled: (bytesPerMs) => {
        if (!this.#hasSettled && this.#mayGrow(bytesPerMs)) join(lanesFirst - 1);
        this.#hasSettled = true;
      },
      onFull: () => {
        this.#wasFull = true;
      },
    };
  }

  /** The disk has kept up since it was asked the last time, and the connection could be faster. */
  #mayGrow(bytesPerMs: number): boolean {
    const hasRoom = !this.#wasFull;
    this.#wasFull = false;
    return hasRoom && bytesPerMs < fastBytesPerMs;
  }

  isDone(): boolean {
    return this.#missing.length === 0 && this.#running === 0;
  }

  othersRun(): boolean {
    return this.#running > 0;
  }
}

async function fetchLane(
  pool: Pool,
  options: FetchOptions,
  signal: AbortSignal,
  join: (more: number) => void,
): Promise<void> {
  for (let span = pool.take(); span !== null; span = pool.take()) {
    signal.throwIfAborted();
    const received = { bytes: 0 };
    try {
      pool.learn(await fetchSpan(span, { ...options, signal }, received, pool.opened(join)), join);
      pool.failures = 0;
      pool.giveBack([span[1], span[1]]);
    } catch (error) {
      pool.giveBack([span[0] + received.bytes, span[1]]);
      signal.throwIfAborted();
      if (!(error instanceof ProblemError) || error.problem.retry === 'never') throw error;
      pool.failures = received.bytes > 0 ? 0 : pool.failures + 1;
      if (received.bytes > 0) continue;
      if (pool.othersRun()) return;
      if (pool.failures >= failuresMax) throw error;
      const { clock } = options.io;
      const delayMs = delayOf(pool.failures, options.io);
      const { detail } = error.problem;
      options.onWait?.({ because: 'retry', until: clock.now() + delayMs, detail });
      await clock.sleep(delayMs, signal);
    }
  }
}

/** What was asked for is let go of when there is nowhere to put it. */
async function assemblyFor(opened: OpenedFile, { assembly }: FetchOptions): Promise<Assembly> {
  try {
    return await assembly;
  } catch (error) {
    await discard(opened.bytes);
    throw error;
  }
}

const delayOf = (failures: number, { random }: Pick<Io, 'random'>): number =>
  delayMsFirst * 2 ** (failures - 1) * (0.5 + random.fraction() / 2);

async function fetchSpan(
  [start, end]: Span,
  options: FetchOptions,
  received: { bytes: number },
  { onSettled, onFull }: Watch,
): Promise<Pace> {
  const { io, readable, bytes, validator, signal, onWait } = options;
  const isWhole = start === 0 && end === bytes;
  const asked: FilePart = {
    signal,
    ...(isWhole ? {} : { range: { start, ...(end === bytes ? {} : { end: end - 1 }) } }),
    ...(validator === null ? {} : { validator }),
    lendsChunks: true,
    onWait,
  };
  const askedAt = io.clock.now();
  const opened = await readable.read(asked);
  const openedAt = io.clock.now();
  const part = (await assemblyFor(opened, options)).part(start);
  try {
    options.onOpened(opened);
    if (opened.start !== start || (opened.end ?? end) > end) throw new WholeFileError();
    for await (const chunk of opened.bytes) {
      const wanted = chunk.subarray(0, end - start - received.bytes);
      const room = part.write(wanted);
      received.bytes += wanted.length;
      options.onReceived(wanted.length);
      const sinceMs = io.clock.now() - openedAt;
      if (!isWhole && sinceMs >= settledMs) onSettled(received.bytes / sinceMs);
      if (room !== undefined) {
        onFull();
        await room;
      }
      if (received.bytes === end - start) break;
    }
  } finally {
    await discard(opened.bytes);
    await part.end();
  }
  if (received.bytes < end - start) throw new ProblemError(options.cut());
  // A clock of whole milliseconds, which may be set back meanwhile.
  const tookMs = Math.max(1, io.clock.now() - openedAt);
  return { waitMs: Math.max(1, openedAt - askedAt), bytesPerMs: received.bytes / tookMs };
}
