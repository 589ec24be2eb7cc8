// Whether there is room for what is about to be written, on every file system that gets a part of it.
// What a system does not tell is not held against it.
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { formatBytes } from '../../core/quantity.ts';
import type { FileSpace, Io } from '../../io/io.ts';

export interface Need {
  /** Absolute; it need not be there yet. */
  readonly path: string;
  readonly bytes: number;
}

/** Throws ProblemError. */
export async function assureSpace(
  { files }: Pick<Io, 'files'>,
  needs: readonly Need[],
): Promise<void> {
  const seen: { readonly space: FileSpace; bytes: number; readonly path: string }[] = [];
  for (const { path, bytes } of needs) {
    if (bytes === 0) continue;
    const space = await files.space(path);
    if (space === null) continue;
    const same = seen.find((one) => isSame(one.space, space));
    if (same === undefined) seen.push({ space, bytes, path });
    else same.bytes += bytes;
  }
  for (const { space, bytes, path } of seen) {
    if (bytes > space.freeBytes) throw new ProblemError(tooFull(path, bytes, space.freeBytes));
  }
}

/** Two file systems of one size with equal room are taken for one, which errs on the safe side. */
const isSame = (a: FileSpace, b: FileSpace): boolean =>
  a.totalBytes === b.totalBytes && a.freeBytes === b.freeBytes;

const tooFull = (path: string, bytes: number, freeBytes: number): Problem =>
  errorProblem({
    code: 'bundle/does-not-fit',
    summary: 'There is not enough room',
    detail:
      `${formatBytes(bytes)} would be written to the file system of ${path}, where ` +
      `${formatBytes(freeBytes)} are free. Nothing was written.`,
    remedy: 'Make room there, or name another place, and run the same command again.',
    retry: 'later',
  });
