// What looking at the bytes of models found, and what became of it: as columns, as data, as lines.
import type { Digest } from '../core/digest.ts';
import type { Problem } from '../core/problem.ts';
import type { Spans } from '../core/span.ts';
import type { HashProgress, Repair, UnverifiedName, VerifiedCopy } from '../core/verification.ts';
import { problemDocument } from './document.ts';
import { escapeText } from './escape.ts';
import { count, formatBytes, formatRate, formatRemaining, joinWords } from './quantity.ts';
import type { Style } from './style.ts';
import type { Column } from './table.ts';

/** A file, or a name whose files are not known. */
export interface VerifiedRow {
  readonly status: 'intact' | 'damaged' | 'missing' | 'unchecked' | 'absent';
  readonly models: readonly string[];
  readonly names: readonly string[];
  readonly store: string | null;
  readonly path: string | null;
  readonly file: string | null;
  readonly digest: Digest | null;
  readonly bytes: number | null;
  /** Null for what is not a file. */
  readonly hashed: boolean | null;
  readonly damage: string | null;
  readonly spans: Spans | null;
  readonly found: Digest | null;
  readonly detail: string | null;
  readonly problem: Problem | null;
}

export const verifiedRows = (
  copies: readonly VerifiedCopy[],
  names: readonly UnverifiedName[],
): readonly VerifiedRow[] => [...copies.map(rowOfCopy), ...names.map(rowOfName)];

function rowOfCopy({ verdict, names, ...copy }: VerifiedCopy): VerifiedRow {
  const damaged = verdict.status === 'damaged' ? verdict : null;
  return {
    ...copy,
    status: verdict.status,
    names: names.map(({ name }) => name),
    hashed: verdict.status === 'intact' ? verdict.hashed : null,
    damage: damaged?.damage ?? null,
    spans: damaged?.spans ?? null,
    found: damaged?.found ?? null,
    detail: damaged?.detail ?? null,
    problem: verdict.status === 'unchecked' ? verdict.problem : null,
  };
}

const rowOfName = ({ model, placement, status, problem }: UnverifiedName): VerifiedRow => ({
  status,
  models: [model],
  names: placement === null ? [] : [placement.name],
  store: null,
  path: null,
  file: null,
  digest: null,
  bytes: null,
  hashed: null,
  damage: null,
  spans: null,
  found: null,
  detail: status === 'absent' ? problem.detail : null,
  problem: status === 'absent' ? null : problem,
});

export const verifiedColumns: readonly Column<VerifiedRow>[] = [
  { heading: 'MODEL', cell: ({ models }) => models.join(', ') },
  {
    heading: 'STATUS',
    cell: ({ status, damage }) => damage ?? status,
    style: (text, { status }, style) => paintOf(status, style)(text),
  },
  { heading: 'FILE', cell: ({ file }) => file ?? '' },
  {
    heading: 'SIZE',
    cell: ({ bytes }) => (bytes === null ? '' : formatBytes(bytes)),
    align: 'right',
  },
  { heading: 'DAMAGED BYTES', cell: ({ spans, status }) => whereText(spans, status) },
  { heading: 'PATH', cell: ({ path }) => path ?? '' },
  { heading: 'NAMES', cell: ({ names }) => names.join(', '), wide: true },
  { heading: 'STORE', cell: ({ store }) => store ?? '', wide: true },
  { heading: 'DETAIL', cell: ({ detail, problem }) => detail ?? problem?.detail ?? '', wide: true },
];

const spansShownMax = 3;

function whereText(spans: Spans | null, status: VerifiedRow['status']): string {
  if (status !== 'damaged') return '';
  if (spans === null) return 'not known which';
  const shown = spans.slice(0, spansShownMax).map(([start, end]) => `${start}-${end - 1}`);
  const more = spans.length > spansShownMax ? ` and ${spans.length - spansShownMax} more` : '';
  return shown.join(', ') + more;
}

/** The shape that schemas/output publishes. Ranges are inclusive, as in HTTP. */
export const verifiedItem = ({ spans, problem, ...row }: VerifiedRow) => ({
  ...row,
  ranges: rangesOf(spans),
  problem: problem === null ? null : problemDocument(problem),
});

const rangesOf = (spans: Spans | null) =>
  spans === null ? null : spans.map(([start, end]) => ({ start, end: end - 1 }));

/** The same. */
export const repairItem = ({ copy, outcome, downloadBytes, problem, loaded }: Repair) => ({
  outcome,
  ...verifiedItem(rowOfCopy(copy)),
  downloadBytes,
  loaded: loaded.map(({ name }) => name),
  problem: problem === null ? null : problemDocument(problem),
});

/** One line: what was looked at, and what came out. */
export function verifiedSummary(rows: readonly VerifiedRow[]): string {
  const files = rows.filter(({ path }) => path !== null);
  const of = (...statuses: readonly VerifiedRow['status'][]): number =>
    rows.filter(({ status }) => statuses.includes(status)).length;
  const remembered = rows.filter(({ hashed }) => hashed === false).length;
  const parts = [
    `${of('intact')} right${remembered > 0 ? ` (${remembered} unchanged since they were hashed)` : ''}`,
    ...(of('damaged') > 0 ? [`${of('damaged')} damaged`] : []),
    ...(of('missing') > 0 ? [`${count(of('missing'), 'model')} gone`] : []),
    ...(of('unchecked') > 0 ? [`${of('unchecked')} not checked`] : []),
    ...(of('absent') > 0 ? [`${count(of('absent'), 'model')} not here yet`] : []),
  ];
  return `Verified: ${count(files.length, 'file')}, ${parts.join(', ')}.`;
}

/** The command that brings the bytes back; null where none are damaged. */
export function repairCommand(rows: readonly VerifiedRow[]): string | null {
  const damaged = rows.filter(({ status }) => status === 'damaged');
  const models = [...new Set(damaged.flatMap((row) => row.models))].toSorted();
  return models.length === 0 ? null : `modelctl repair --quick ${models.map(escapeText).join(' ')}`;
}

/** `repaired  weights.gguf (chat)  16.8 MB fetched  /path`. */
export function renderRepair({ copy, outcome, downloadBytes, problem }: Repair): string {
  const { damage } = rowOfCopy(copy);
  const words = { repaired: 'repaired', failed: 'failed  ', planned: 'would repair' };
  const fetched = outcome === 'planned' ? 'to fetch' : 'fetched';
  return [
    words[outcome],
    `${escapeText(copy.file)} (${copy.models.map(escapeText).join(', ')})`,
    problem === null ? `${damage}, ${formatBytes(downloadBytes)} ${fetched}` : problem.code,
    escapeText(copy.path),
  ].join('  ');
}

export function repairSummary(
  repairs: readonly Repair[],
  { dryRun, unchecked }: { readonly dryRun: boolean; readonly unchecked: number },
): string {
  const open = unchecked === 0 ? '' : ` Not checked or not here: ${unchecked}.`;
  if (repairs.length === 0) return `No damaged file was found.${open}`;
  const bytes = formatBytes(repairs.reduce((sum, one) => sum + one.downloadBytes, 0));
  if (dryRun) {
    const files = count(repairs.length, 'file');
    return `Nothing was done: without --dry-run ${files} would be replaced, ${bytes} to fetch.${open}`;
  }
  const failed = repairs.filter(({ outcome }) => outcome === 'failed').length;
  const left = failed === 0 ? '' : ` Left as they were: ${count(failed, 'file')}.`;
  return `Repaired: ${count(repairs.length - failed, 'file')}, ${bytes} fetched.${left}${open}`;
}

/** What is in memory was read before. */
export function renderLoaded(repairs: readonly Repair[]): readonly string[] {
  const names = repairs
    .filter(({ outcome }) => outcome === 'repaired')
    .flatMap(({ loaded }) => loaded.map(({ name }) => escapeText(name)));
  if (names.length === 0) return [];
  const them = joinWords([...new Set(names)]);
  return [
    `In memory: ${them}. The engine goes on with the bytes of before until it is loaded again.`,
  ];
}

/** `Hashing 3 of 12 files  1.2 GB of 4.0 GB  1.9 GB/s  2s left`. */
export function renderHashing(
  { completedFiles, totalFiles, completedBytes, totalBytes }: HashProgress,
  durationMs: number,
): string {
  const rate = durationMs > 0 ? (completedBytes / durationMs) * 1000 : 0;
  const left =
    rate > 0 ? `  ${formatRemaining(((totalBytes - completedBytes) / rate) * 1000)} left` : '';
  const at = Math.min(completedFiles + 1, totalFiles);
  return `Hashing ${at} of ${count(totalFiles, 'file')}  ${formatBytes(completedBytes)} of ${formatBytes(totalBytes)}  ${formatRate(rate)}${left}`;
}

export const renderFetching = (path: string, completedBytes: number, totalBytes: number): string =>
  `Repairing ${escapeText(path.split('/').at(-1) ?? path).slice(0, 20)}  ${formatBytes(completedBytes)} of ${formatBytes(totalBytes)}`;

function paintOf(status: VerifiedRow['status'], style: Style): (text: string) => string {
  if (status === 'damaged' || status === 'missing') return style.bad;
  if (status === 'unchecked') return style.warning;
  return style.faint;
}
