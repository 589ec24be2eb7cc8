// Whether the disk that fetched files are put on first has room for all that a run is about to
// fetch. Everything that is waited for is counted before the first byte comes, in the order of the
// plan; what does not fit then is not begun, rather than broken off in the middle.
import type { ActionId } from '../../core/plan.ts';
import { errorProblem, type Problem } from '../../core/problem.ts';
import type { FileSpace } from '../../io/io.ts';

/** What one action is about to fetch. */
export interface Coming {
  readonly id: ActionId;
  readonly bytes: number;
}

/** Pure. The actions that find no room, with what is missing; all of them fit where nobody can tell. */
export function withoutRoom(
  coming: readonly Coming[],
  space: FileSpace | null,
): ReadonlyMap<ActionId, number> {
  const missing = new Map<ActionId, number>();
  let free = space?.freeBytes ?? Number.POSITIVE_INFINITY;
  for (const { id, bytes } of coming) {
    if (bytes > free) missing.set(id, bytes - free);
    else free -= bytes;
  }
  return missing;
}

export const noRoom = (folder: string, missingBytes: number): Problem =>
  errorProblem({
    code: 'transfer/no-room',
    summary: 'There is no room for what is to be fetched',
    detail: `${missingBytes} bytes more than are free would be needed in ${folder}, beside all else that this run fetches. Nothing of it was begun.`,
    remedy:
      'Make room there, or let modelctl keep its files on another disk:\n\n    export MODELCTL_HOME=/path/to/folder',
    retry: 'later',
  });
