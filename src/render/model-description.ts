// One model in full, for `describe`.
import type { HistoryEntry } from '../core/history.ts';
import type { LoadedState } from '../core/observed.ts';
import type { SurveyedModel } from '../core/surveyed.ts';
import { escapeText } from './escape.ts';
import { loadedText, statusText } from './model-table.ts';
import { renderBackend } from './placement.ts';
import { formatBytes } from './quantity.ts';
import { redact } from './redact.ts';
import { plainStyle, type Style } from './style.ts';

export interface DescriptionOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly style?: Style;
}

/** No line feed at the end. */
export function renderModel(
  one: SurveyedModel,
  history: readonly HistoryEntry[],
  { now, style = plainStyle }: DescriptionOptions,
): string {
  const { detail, digest, weights, bytes, loaded, owners, model, residency } = one;
  const labels = Object.entries(one.labels).map((pair) => pair.join('='));
  const rows: readonly (readonly [string, string])[] = [
    ['Model', model ?? ''],
    ['Engine', renderBackend(one)],
    ['Status', detail === null ? statusText(one) : `${statusText(one)}: ${redact(detail)}`],
    ['Residency', residency ?? ''],
    ['Size', bytes === null ? '' : formatBytes(bytes)],
    ['Digest', digest ?? ''],
    ['Weights', weights ?? ''],
    ['Loaded', loadedText(one, now)],
    ...(loaded === null ? [] : loadedRows(loaded)),
    ['Labels', labels.join(', ')],
    ...owners.map(({ set, adopted }): readonly [string, string] => [
      'Owner',
      `set ${set}${adopted ? ', found there' : ''}`,
    ]),
    ...history.map((entry): readonly [string, string] => ['History', historyLine(entry)]),
  ];
  const shown = rows.filter(([, text]) => text !== '');
  const width = Math.max(...shown.map(([title]) => title.length)) + 1;
  return [
    style.strong(escapeText(one.name)),
    ...shown.map(([title, text]) => `  ${`${title}:`.padEnd(width)}  ${escapeText(text)}`),
  ].join('\n');
}

const loadedRows = ({ load, memoryBytes, vramBytes, inUse }: LoadedState) => [
  ['Memory', `${formatBytes(memoryBytes)}; on accelerators ${formatBytes(vramBytes)}`] as const,
  ['In use', inUse === 'unknown' ? 'unknown' : inUse ? 'yes' : 'no'] as const,
  ...Object.entries(load).map(([field, value]): readonly [string, string] => [
    field,
    String(value),
  ]),
];

function historyLine({ at, kind, outcome, open, reason }: HistoryEntry): string {
  const when = new Date(at).toISOString().replace('T', ' ').slice(0, 19);
  return `${when}  ${open ? `${kind} cut off` : outcome} (${reason})`;
}
