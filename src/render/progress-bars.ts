// Progress as bars for a terminal: one line a running action, one for all of it together. Pure:
// gives the lines to show now; who shows them, and how often, is decided elsewhere.
import { escapeText } from './escape.ts';
import { renderName } from './placement.ts';
import {
  etaMs,
  type ProgressState,
  type RunningAction,
  rateOf,
  totalOf,
  waitOf,
} from './progress.ts';
import { formatBytes, formatDuration, formatRate, formatRemaining } from './quantity.ts';
import { plainStyle, type Style } from './style.ts';
import { renderWait } from './wait.ts';
import { displayWidth, padEnd, truncate, truncateStart } from './width.ts';

export interface BarsOptions {
  /** Of the terminal. */
  readonly columns: number;
  readonly style?: Style;
}

const linesMax = 8;
const barColumns = 20;
const nameColumns = { min: 12, max: 40 };
/** Of what stands beside name and bar: `pull`, percent, bytes, rate, time left, gaps. */
const figureColumns = 62;

/** Lines no wider than the terminal; none when nothing runs. */
export function renderBars(
  state: ProgressState,
  now: number,
  options: BarsOptions,
): readonly string[] {
  const style = options.style ?? plainStyle;
  const running = [...state.running.values()];
  if (running.length === 0) return [];
  const shown = running.slice(0, linesMax);
  const room = options.columns - figureColumns - barColumns;
  const names = Math.min(
    Math.max(nameColumns.min, Math.min(nameColumns.max, room)),
    Math.max(...shown.map(({ action }) => displayWidth(renderName(action)))),
  );
  const lines = shown.map((one) => {
    const name = padEnd(truncateStart(renderName(one.action), names), names);
    return { head: `${padEnd(one.action.kind, 6)} ${name}`, tail: tailOf(one, now) };
  });
  const hidden = running.length - shown.length;
  const total = totalOf(state, now);
  const transfers = running.filter(({ totalBytes }) => totalBytes > 0).length;
  return [
    ...lines.map(({ head, tail }) => fit(head, tail, options.columns, style)),
    ...(hidden > 0 ? [truncate(`and ${hidden} more`, options.columns)] : []),
    ...(transfers > 1 && total.totalBytes > 0
      ? [
          fit(
            padEnd('total', 7 + names),
            figures(total.completedBytes, total.totalBytes, total.bytesPerSecond),
            options.columns,
            style,
          ),
        ]
      : []),
  ];
}

interface Tail {
  readonly bar: string;
  readonly text: string;
  /** Left out where there is no room. */
  readonly aside?: string;
}

function tailOf(running: RunningAction, now: number): Tail {
  if (running.retryAt !== null) {
    return { bar: '', text: `again in ${formatRemaining(running.retryAt - now)}` };
  }
  const { completedBytes, totalBytes } = running;
  const wait = waitOf(running, now);
  if (totalBytes <= 0) {
    return {
      bar: '',
      text: wait ? renderWait(wait, now) : formatDuration(now - running.startedAt),
    };
  }
  const tail = figures(completedBytes, totalBytes, wait ? null : rateOf(running, now));
  const text = wait === null ? tail.text : `${tail.text}  ${renderWait(wait, now)}`;
  return { ...tail, text, aside: fileOf(running) };
}

/** Where it says more than the name of the model does. */
function fileOf({ action, file }: RunningAction): string {
  const isOneOfMany = 'artifact' in action && action.artifact.files.length > 1;
  return isOneOfMany && file !== null ? escapeText(file.path) : '';
}

function figures(completed: number, total: number, bytesPerSecond: number | null): Tail {
  const share = total <= 0 ? 0 : Math.min(1, completed / total);
  const filled = Math.floor(share * barColumns);
  const eta = etaMs(total - completed, bytesPerSecond);
  const rate = bytesPerSecond === null ? '' : `  ${formatRate(bytesPerSecond)}`;
  const left = eta === null ? '' : `  ${formatRemaining(eta)} left`;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return {
    bar: '━'.repeat(filled) + '─'.repeat(barColumns - filled),
    text: `${percent}  ${formatBytes(completed)} of ${formatBytes(total)}${rate}${left}`,
  };
}

/** Drops the bar first, then cuts: a wrapped line could not be redrawn in place. */
function fit(head: string, { bar, text, aside = '' }: Tail, columns: number, style: Style): string {
  const long = [head, bar, text, aside].join('  ');
  if (aside !== '' && bar !== '' && displayWidth(long) <= columns) {
    return `${head}  ${style.good(bar)}  ${text}  ${style.faint(aside)}`;
  }
  const full = [head, bar, text].filter((part) => part !== '').join('  ');
  if (displayWidth(full) <= columns) {
    return bar === '' ? `${head}  ${style.faint(text)}` : `${head}  ${style.good(bar)}  ${text}`;
  }
  return truncate(`${head}  ${text}`, columns);
}
