// The sha256 of a file on disk, computed once while the file stays as it is: remembered by path,
// size and time of change for as long as the port lives, which is a run of the program.
import { createHash } from 'node:crypto';
import type { Digest } from '../core/digest.ts';
import type { FileStat, Files } from '../io/io.ts';

interface Remembered {
  readonly bytes: number;
  readonly modifiedAt: number;
  readonly digest: Digest;
}

const rememberedMax = 1_000;
const memory = new WeakMap<Files, Map<string, Remembered>>();

/**
 * Null when the file changed or went while it was read. `stat` is what the caller saw; failures
 * to read are thrown as node's own.
 */
export async function hashFile(
  files: Files,
  path: string,
  stat: FileStat,
  options: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
): Promise<Digest | null> {
  const known = memory.get(files)?.get(path);
  if (known !== undefined && same(known, stat)) return known.digest;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of files.readStream(path)) {
    options.signal.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
    options.onBytes?.(bytes);
  }
  const after = await files.stat(path);
  if (after === null || !same(after, stat) || bytes !== stat.bytes) return null;
  const digest: Digest = `sha256:${hash.digest('hex')}`;
  rememberHash(files, path, { bytes, modifiedAt: stat.modifiedAt, digest });
  return digest;
}

/** For who computed the hash on the way, as a download does. */
export function rememberHash(files: Files, path: string, entry: Remembered): void {
  const entries = memory.get(files) ?? new Map<string, Remembered>();
  memory.set(files, entries);
  const [oldest] = entries.keys();
  if (entries.size >= rememberedMax && oldest !== undefined) entries.delete(oldest);
  entries.set(path, entry);
}

const same = (
  a: Pick<FileStat, 'bytes' | 'modifiedAt'>,
  b: Pick<FileStat, 'bytes' | 'modifiedAt'>,
) => a.bytes === b.bytes && a.modifiedAt === b.modifiedAt;
