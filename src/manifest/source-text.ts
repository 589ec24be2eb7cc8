// The text of one file together with the means to say where in it something stands. Offsets are
// UTF-16 code units from 0, as the YAML parser counts; lines and columns count from 1.
import type { Origin } from '../core/problem.ts';

export interface SourceText {
  /** Absolute path, or `-` for standard input. */
  readonly file: string;
  readonly text: string;
  readonly originAt: (offset: number) => Origin;
}

export function sourceText(file: string, text: string): SourceText {
  let lineStarts: readonly number[] | null = null;
  return {
    file,
    text,
    originAt: (offset) => {
      lineStarts ??= startsOfLines(text);
      const within = Math.max(0, Math.min(offset, text.length));
      const line = lastAtOrBelow(lineStarts, within);
      return { file, line: line + 1, column: within - (lineStarts[line] ?? 0) + 1 };
    },
  };
}

/** A stretch of a text whose places are still counted from the start of the whole. */
export const sliceOf = (source: SourceText, start: number, end: number): SourceText => ({
  file: source.file,
  text: source.text.slice(start, end),
  originAt: (offset) => source.originAt(start + offset),
});

/** A place as a sentence about another place calls it: `on line 3`, or `in b.yaml:3`. */
export function placeSeenFrom(place: Origin, from: Origin): string {
  if (place.file === from.file) return `on line ${place.line}`;
  return `in ${place.file === '-' ? 'stdin' : place.file}:${place.line}`;
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lastAtOrBelow(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
