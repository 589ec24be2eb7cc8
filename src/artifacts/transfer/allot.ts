// Who fetches what: each connection asks for a stretch, takes the next when it is done, and the
// stretches become smaller towards the end, so that all connections finish together and the hash,
// which goes through the file in order, is never far behind. Pure.
import type { Span, Spans } from '../../core/span.ts';

/** A request takes about a round trip: below this it would not be worth one. */
const stretchBytesMin = 1024 * 1024;
const stretchBytesMax = 64 * 1024 * 1024;

export interface Allotted {
  readonly span: Span;
  readonly rest: Spans;
}

/** From the front of what is missing; null when nothing is. */
export function allot(missing: Spans, connections: number): Allotted | null {
  const [first, ...others] = missing;
  if (first === undefined) return null;
  const [start, end] = first;
  const leftBytes = missing.reduce((sum, [from, to]) => sum + to - from, 0);
  const share = Math.ceil(leftBytes / (2 * connections));
  const bytes = Math.min(Math.max(share, stretchBytesMin), stretchBytesMax);
  // A last piece that is not worth a request of its own goes with this one.
  const cut = connections === 1 || end - start < bytes + stretchBytesMin ? end : start + bytes;
  return { span: [start, cut], rest: cut === end ? others : [[cut, end], ...others] };
}

/** How many connections are of use for so many missing bytes. */
export const usefulConnections = (leftBytes: number, connectionsMax: number): number =>
  Math.max(1, Math.min(connectionsMax, Math.floor(leftBytes / (4 * stretchBytesMin))));
