// The list of files that are being made, in memory: what the ledger keeps of them.
import type { Drafts } from '../../src/core/draft.ts';

export function createFakeDrafts(): Drafts {
  const paths = new Set<string>();
  return {
    all: () => [...paths].toSorted(),
    note: (path) => void paths.add(path),
    drop: (path) => void paths.delete(path),
  };
}
