// Shows how a bundle's bytes get on: one line that is redrawn on a terminal, one line a file in a log,
// objects in an event stream. It never decides and never fails the work.
import type { CopyProgress } from '../bundle.ts';
import type { Io } from '../io/io.ts';
import { escapeText } from '../render/escape.ts';
import { formatBytes, formatRate, formatRemaining } from '../render/quantity.ts';
import { truncate } from '../render/width.ts';
import type { CommandContext } from './command-context.ts';
import { createRedrawing } from './redrawing.ts';

export interface CopyView {
  readonly onProgress: (progress: CopyProgress) => void;
  /** Takes down what is only for the moment. Must be called before results are printed. */
  readonly end: () => void;
}

const redrawMs = 100;
const eventMs = 200;
/** Before it a rate says nothing. */
const rateAfterMs = 1000;

export function createCopyView(
  { output, terminal }: CommandContext,
  { clock }: Pick<Io, 'clock'>,
): CopyView {
  const redrawing = createRedrawing(terminal.stderr);
  const bars = terminal.stderr.isTty && !output.quiet && !output.streaming;
  const begun = clock.now();
  let toldFile: string | null = null;
  let toldAt = 0;
  let firstBytes: number | null = null;
  return {
    onProgress: ({ file, completedBytes, totalBytes }) => {
      const now = clock.now();
      firstBytes ??= completedBytes;
      if (output.streaming) {
        if (completedBytes < totalBytes && now - toldAt < eventMs) return;
        toldAt = now;
        output.event({ type: 'copied', file, completedBytes, totalBytes });
      } else if (bars) {
        if (now - toldAt < redrawMs) return;
        toldAt = now;
        const rate = rateOf(completedBytes - firstBytes, now - begun);
        const left = rate === null ? null : ((totalBytes - completedBytes) * 1000) / rate;
        const line = [
          escapeText(file ?? ''),
          `${formatBytes(completedBytes)} of ${formatBytes(totalBytes)}`,
          ...(rate === null ? [] : [formatRate(rate)]),
          ...(left === null ? [] : [`${formatRemaining(left)} left`]),
        ].join('  ');
        redrawing.show([truncate(line, terminal.stderr.columns() - 1)]);
      } else if (file !== null && file !== toldFile) {
        toldFile = file;
        output.remark(`${escapeText(file)}  (${formatBytes(totalBytes - completedBytes)} to go)`);
      }
    },
    end: redrawing.clear,
  };
}

/** Bytes per second since the beginning; null while that cannot be said. */
const rateOf = (bytes: number, elapsedMs: number): number | null =>
  elapsedMs < rateAfterMs || bytes <= 0 ? null : (bytes * 1000) / elapsedMs;
