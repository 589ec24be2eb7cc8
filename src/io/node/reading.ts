// The calls that every command makes to read its files, as promises over node's callbacks: loading
// node:fs/promises takes longer than reading with it.
import { close, constants, fstat, open, read, realpath, type Stats, stat } from 'node:fs';

type Done<T> = (error: Error | null, value: T) => void;

const promised = <T>(start: (done: Done<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)));
  });

export const statPath = (path: string): Promise<Stats> => promised((done) => stat(path, done));

export const realPathOf = (path: string): Promise<string> =>
  promised((done) => realpath.native(path, done));

/**
 * Opens for reading; whoever opens closes. Never waits: a pipe without a writer would else block a
 * thread that the process cannot end without. Files are read the same either way.
 */
export const openPath = (path: string): Promise<number> =>
  promised((done) => open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0), done));

export const statOpen = (file: number): Promise<Stats> => promised((done) => fstat(file, done));

/** At most so many bytes, in a buffer of their own; none at the end. Null: from where it stands. */
export async function readPiece(
  file: number,
  bytesMax: number,
  position: number | null,
): Promise<Uint8Array> {
  const buffer = Buffer.alloc(bytesMax);
  const bytes = await promised<number>((done) => read(file, buffer, 0, bytesMax, position, done));
  return buffer.subarray(0, bytes);
}

export const closeOpen = (file: number): Promise<void> =>
  promised((done) => close(file, (error) => done(error ?? null, undefined)));
