// Stretches of a file, half-open: what has arrived of it, what is still missing. Lists are sorted,
// without overlap and without neighbours that touch. Pure.

/** From the first byte up to, but not including, the second. */
export type Span = readonly [start: number, end: number];
export type Spans = readonly Span[];

/** The list with one more span in it. */
export function addSpan(spans: Spans, [start, end]: Span): Spans {
  if (start >= end) return spans;
  const before = spans.filter((span) => span[1] < start);
  const after = spans.filter((span) => span[0] > end);
  const touched = spans.slice(before.length, spans.length - after.length);
  const first = Math.min(start, touched[0]?.[0] ?? start);
  const last = Math.max(end, touched.at(-1)?.[1] ?? end);
  return [...before, [first, last], ...after];
}

export const spanBytes = (spans: Spans): number =>
  spans.reduce((sum, [start, end]) => sum + end - start, 0);

/** What is missing from a whole of so many bytes. */
export function gapsIn(spans: Spans, bytes: number): Spans {
  const starts = [0, ...spans.map(([, end]) => end)];
  const ends = [...spans.map(([start]) => start), bytes];
  return starts.flatMap((start, at): Spans => {
    const end = Math.min(ends[at] ?? bytes, bytes);
    return start < end ? [[start, end]] : [];
  });
}

/** What both have. */
export const commonSpans = (a: Spans, b: Spans): Spans =>
  a.flatMap(([start, end]) =>
    b.flatMap(([from, to]): Spans => {
      const common: Span = [Math.max(start, from), Math.min(end, to)];
      return common[0] < common[1] ? [common] : [];
    }),
  );
