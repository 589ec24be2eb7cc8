// Keeps the log of an engine bounded while the engine writes to it. The engine has the file open and
// appends, so that it can go on writing when its supervisor is gone: the file is copied aside and
// emptied, never renamed. What is written between the two is lost, which is a line at most.
import { copyFile, rename, stat, truncate } from 'node:fs/promises';
import { isAbsent } from '../io/error-code.ts';

export interface LogBounds {
  readonly bytesMax: number;
  /** Beside the one that is written to. */
  readonly keptMax: number;
}

export const usualLogBounds: LogBounds = { bytesMax: 8 * 1024 * 1024, keptMax: 3 };

/** True when it was too long. */
export async function rotate(path: string, { bytesMax, keptMax }: LogBounds): Promise<boolean> {
  const size = await stat(path).then(
    (found) => found.size,
    (error: unknown) => {
      if (isAbsent(error)) return 0;
      throw error;
    },
  );
  if (size <= bytesMax) return false;
  for (let older = keptMax; older > 1; older -= 1) {
    await rename(`${path}.${older - 1}`, `${path}.${older}`).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
  }
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
  return true;
}
