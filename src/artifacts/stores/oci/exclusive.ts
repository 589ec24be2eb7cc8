// What keeps concurrent work of this process on one store apart: changes of index.json take turns,
// and blobs that a build counts on are held, so that no removal takes them before a name points at
// them. Other processes are kept out by the reconciler's lock, not here.
import { takingTurns } from '../../../core/concurrency.ts';
import type { Digest } from '../../../core/digest.ts';

const holds = new Map<string, Map<Digest, number>>();

/** By the store's path. */
export const inTurn = takingTurns();

export async function holding<T>(
  path: string,
  digests: readonly Digest[],
  work: () => Promise<T>,
): Promise<T> {
  change(path, digests, 1);
  try {
    return await work();
  } finally {
    change(path, digests, -1);
  }
}

export const isHeld = (path: string, digest: Digest): boolean =>
  holds.get(path)?.has(digest) ?? false;

function change(path: string, digests: readonly Digest[], by: 1 | -1): void {
  const held = holds.get(path) ?? new Map<Digest, number>();
  holds.set(path, held);
  for (const digest of digests) {
    const count = (held.get(digest) ?? 0) + by;
    if (count === 0) held.delete(digest);
    else held.set(digest, count);
  }
  if (held.size === 0) holds.delete(path);
}
