// A few lines at the end of a terminal that are replaced in place. Whoever writes anything else
// to the same terminal clears them first.
import type { TextStream } from './terminal.ts';

export interface Redrawing {
  /** Lines must be narrower than the terminal: a wrapped line cannot be taken back. */
  readonly show: (lines: readonly string[]) => void;
  readonly clear: () => void;
}

export function createRedrawing(stream: TextStream): Redrawing {
  let shown: readonly string[] = [];
  const takeBack = (): string => (shown.length === 0 ? '' : `\u001b[${shown.length}A\u001b[0J`);
  return {
    show: (lines) => {
      if (lines.length === shown.length && lines.every((line, at) => line === shown[at])) return;
      stream.write(takeBack() + lines.map((line) => `${line}\n`).join(''));
      shown = lines;
    },
    clear: () => {
      if (shown.length > 0) stream.write(takeBack());
      shown = [];
    },
  };
}
