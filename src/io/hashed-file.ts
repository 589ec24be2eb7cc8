// One open file whose sha256 grows with it, from its first byte on, however its parts arrive: the
// hash always covers exactly the first `#hashed` bytes. Only for the thread of its own
// (assembly-main.ts): it blocks.
import { createHash } from 'node:crypto';
import { closeSync, constants, fdatasync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { addSpan, type Spans } from '../core/span.ts';
import type { AssemblyRequest } from './assembly-protocol.ts';

interface Hashes {
  readonly hex: string;
  readonly chunks: readonly number[];
}

interface Listeners {
  readonly onHashed: (bytes: number) => void;
  /** For what fails between two calls; a call throws. Node's own errors. */
  readonly onFailure: (error: unknown) => void;
}

type Options = Extract<AssemblyRequest, { kind: 'open' }>;

/** Between two messages. */
const stepBytes = 1024 * 1024;
const reportBytes = 64 * 1024 * 1024;

export class HashedFile {
  readonly #options: Options;
  readonly #listeners: Listeners;
  readonly #file: number;
  readonly #hash = createHash('sha256');
  readonly #chunks: number[] = [];
  readonly #buffer = new Uint8Array(stepBytes);
  #written: Spans;
  #hashed = 0;
  #checksum = 0;
  #reported = 0;
  #isOpen = true;
  #syncing = 0;
  #isScheduled = false;
  #whenWhole: ((result: Hashes) => void) | null = null;

  constructor(options: Options, listeners: Listeners) {
    const forWriting = constants.O_RDWR | constants.O_CREAT;
    this.#options = options;
    this.#listeners = listeners;
    this.#file = openSync(options.path, options.mode === 'read' ? 'r' : forWriting);
    this.#written = options.present;
    this.#schedule();
  }

  write(start: number, bytes: Uint8Array): void {
    writeFully(this.#file, bytes, start);
    this.#written = addSpan(this.#written, [start, start + bytes.length]);
    if (start === this.#hashed) this.#update(bytes);
    this.#schedule();
  }

  /** Beside the writing: it also makes the system begin with what would all be due at the end. */
  sync(done: () => void): void {
    this.#syncing += 1;
    fdatasync(this.#file, (error) => {
      this.#syncing -= 1;
      if (!this.#isOpen) {
        if (this.#syncing === 0) closeSync(this.#file);
        return;
      }
      if (error === null) done();
      else this.#listeners.onFailure(error);
    });
  }

  /** Once everything is written, hashed and on the disk. */
  finish(done: (result: Hashes) => void): void {
    this.#whenWhole = done;
    this.#schedule();
  }

  /** What the system still works on is closed by whoever is done last. */
  close(): void {
    if (this.#isOpen && this.#syncing === 0) closeSync(this.#file);
    this.#isOpen = false;
  }

  #isWhole(): boolean {
    return this.#hashed === this.#options.bytes;
  }

  /** Where what is written without a gap from the start ends. */
  #frontier(): number {
    const [first] = this.#written;
    return first === undefined || first[0] > 0 ? 0 : first[1];
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#isOpen) return;
    if (this.#isWhole() ? this.#whenWhole === null : this.#hashed >= this.#frontier()) return;
    this.#isScheduled = true;
    setImmediate(() => this.#step());
  }

  #step(): void {
    this.#isScheduled = false;
    if (!this.#isOpen) return;
    try {
      const length = Math.min(this.#frontier() - this.#hashed, stepBytes);
      if (length > 0) this.#update(readFully(this.#file, this.#buffer, length, this.#hashed));
      if (this.#isWhole() && this.#whenWhole !== null) this.#complete(this.#whenWhole);
      else this.#schedule();
    } catch (error) {
      this.#listeners.onFailure(error);
    }
  }

  #complete(done: (result: Hashes) => void): void {
    this.#whenWhole = null;
    const result = { hex: this.#hash.digest('hex'), chunks: this.#chunks };
    if (this.#options.mode === 'read') done(result);
    else this.sync(() => done(result));
  }

  #update(piece: Uint8Array): void {
    this.#hash.update(piece);
    const { chunkBytes } = this.#options;
    for (let at = 0; at < piece.length; ) {
      const untilNext = chunkBytes - (this.#hashed % chunkBytes);
      const part = piece.subarray(at, at + untilNext);
      this.#checksum = crc32(part, this.#checksum);
      this.#hashed += part.length;
      at += part.length;
      if (this.#hashed % chunkBytes !== 0 && !this.#isWhole()) continue;
      this.#chunks.push(this.#checksum);
      this.#checksum = 0;
    }
    if (this.#hashed - this.#reported < reportBytes && !this.#isWhole()) return;
    this.#reported = this.#hashed;
    this.#listeners.onHashed(this.#hashed);
  }
}

function writeFully(file: number, bytes: Uint8Array, start: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(file, bytes, at, bytes.length - at, start + at);
  }
}

/** Shorter than it was said to be is an error: somebody else changes the file. */
function readFully(file: number, buffer: Uint8Array, length: number, start: number): Uint8Array {
  for (let at = 0; at < length; ) {
    const bytes = readSync(file, buffer, at, length - at, start + at);
    if (bytes === 0) throw Object.assign(new Error('the file became shorter'), { code: 'EIO' });
    at += bytes;
  }
  return buffer.subarray(0, length);
}
