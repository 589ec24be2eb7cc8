// Transfers as rows and as data: how far each file is, who works on it and what it takes on disk.
import { shortDigest } from '../core/digest.ts';
import type { SurveyedTransfer, TransferState } from '../core/surveyed-transfer.ts';
import { formatBytes, formatBytesOrUnknown, formatDuration } from './quantity.ts';
import { redact } from './redact.ts';
import type { Column } from './table.ts';

const states: Readonly<Record<TransferState, string>> = {
  running: 'Running',
  partial: 'Partial',
  missing: 'Missing',
  orphan: 'Orphan',
  staged: 'Staged',
};

export const transferColumns = (now: number): readonly Column<SurveyedTransfer>[] => [
  { heading: 'DIGEST', cell: ({ digest }) => shortDigest(digest) },
  { heading: 'MODEL', cell: ({ origin }) => origin?.wantedBy?.model ?? '' },
  { heading: 'FILE', cell: ({ origin }) => origin?.path ?? '' },
  {
    heading: 'STATE',
    cell: ({ state }) => states[state],
    style: (text, { state }, style) =>
      state === 'running' ? style.good(text) : state === 'missing' ? style.bad(text) : text,
  },
  { heading: 'DONE', cell: ({ completedBytes }) => formatBytes(completedBytes), align: 'right' },
  { heading: 'SIZE', cell: ({ totalBytes }) => formatBytesOrUnknown(totalBytes), align: 'right' },
  { heading: '%', cell: percent, align: 'right' },
  { heading: 'ON DISK', cell: ({ diskBytes }) => formatBytes(diskBytes), align: 'right' },
  { heading: 'STARTED', cell: ({ startedAt }) => age(startedAt, now), align: 'right' },
  { heading: 'UPDATED', cell: ({ updatedAt }) => age(updatedAt, now), align: 'right' },
  { heading: 'SOURCE', cell: ({ origin }) => redact(origin?.source ?? '') },
  { heading: 'PROCESS', cell: ({ pid }) => (pid === null ? '' : String(pid)), wide: true },
  { heading: 'PATH', cell: ({ file }) => file, wide: true },
];

const percent = ({ completedBytes, totalBytes, state }: SurveyedTransfer): string =>
  totalBytes === null || state === 'orphan'
    ? ''
    : `${totalBytes === 0 ? 100 : Math.floor((completedBytes / totalBytes) * 100)}%`;

const age = (at: number | null, now: number): string =>
  at === null ? '' : `${formatDuration(now - at)} ago`;

export const transferItem = (one: SurveyedTransfer): Readonly<Record<string, unknown>> => ({
  digest: one.digest,
  state: states[one.state],
  model: one.origin?.wantedBy?.model ?? null,
  name: one.origin?.wantedBy?.name ?? null,
  source: one.origin === null ? null : redact(one.origin.source),
  file: one.origin?.path ?? null,
  completedBytes: one.completedBytes,
  totalBytes: one.totalBytes,
  diskBytes: one.diskBytes,
  path: one.file,
  pid: one.pid,
  startedAt: one.startedAt === null ? null : new Date(one.startedAt).toISOString(),
  updatedAt: new Date(Math.floor(one.updatedAt)).toISOString(),
});
