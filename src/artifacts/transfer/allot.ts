// Who fetches what: each connection asks for a stretch, and takes the next when it is done. The hash
// goes through the file in order, so stretches are as small as requests are cheap: where each begins
// with a long wait they grow. Towards the end they shrink, so that all connections finish together.
// Pure.
import type { Span, Spans } from '../../core/span.ts';

/** A request takes about a round trip: below this it would not be worth one. */
const stretchBytesMin = 1024 * 1024;
const stretchBytesMax = 64 * 1024 * 1024;
const stretchBytesUsual = 4 * 1024 * 1024;

/** How a connection did so far. */
export interface Pace {
  /** From the request to its first byte, at best. */
  readonly waitMs: number;
  readonly bytesPerMs: number;
}

/** So much longer than the wait at its start is a stretch to take. */
const waitsPerStretch = 20;

/** Of the stretches to come; null: nothing is known yet. */
const stretchBytes = (pace: Pace | null): number =>
  Math.min(
    Math.max((pace?.bytesPerMs ?? 0) * (pace?.waitMs ?? 0) * waitsPerStretch, stretchBytesUsual),
    stretchBytesMax,
  );

export interface Allotted {
  readonly span: Span;
  readonly rest: Spans;
}

/** From the front of what is missing; null when nothing is. */
export function allot(missing: Spans, connections: number, pace: Pace | null): Allotted | null {
  const [first, ...others] = missing;
  if (first === undefined) return null;
  const [start, end] = first;
  const leftBytes = missing.reduce((sum, [from, to]) => sum + to - from, 0);
  const share = Math.ceil(leftBytes / (2 * connections));
  const bytes = Math.round(Math.min(Math.max(share, stretchBytesMin), stretchBytes(pace)));
  // A last piece that is not worth a request of its own goes with this one.
  const cut = connections === 1 || end - start < bytes + stretchBytesMin ? end : start + bytes;
  return { span: [start, cut], rest: cut === end ? others : [[cut, end], ...others] };
}

/** How many connections are of use for so many missing bytes. */
export const usefulConnections = (leftBytes: number, connectionsMax: number): number =>
  Math.max(1, Math.min(connectionsMax, Math.floor(leftBytes / (4 * stretchBytesMin))));
