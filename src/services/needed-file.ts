// An engine that reads a file of modelctl's does not start without it, and nothing is in it before the
// first model is there.
import type { Io } from '../io/io.ts';
import type { Setup } from './setup.ts';

/** Call it before the engine is started. Throws node's own errors. */
export async function makeNeededFile(
  { neededFile }: Pick<Setup, 'neededFile'>,
  { files }: Pick<Io, 'files'>,
): Promise<void> {
  if (neededFile === undefined || (await files.stat(neededFile)) !== null) return;
  await files.writeAtomic(neededFile, '', { mode: 0o644 });
}
