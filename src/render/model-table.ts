// What a survey found, as columns. One definition for tables, wide tables and Markdown.

import { shortDigest } from '../core/digest.ts';
import type { Owner, SurveyedBackend, SurveyedModel } from '../core/surveyed.ts';
import { renderBackend } from './placement.ts';
import { formatBytes, formatDuration } from './quantity.ts';
import { redact } from './redact.ts';
import type { Style } from './style.ts';
import type { Column } from './table.ts';

/** `now` in milliseconds since the epoch: leases end relative to it. */
export const modelColumns = (now: number): readonly Column<SurveyedModel>[] => [
  { heading: 'NAME', cell: (one) => one.name },
  { heading: 'MODEL', cell: (one) => one.model ?? '' },
  { heading: 'STATUS', cell: statusText, style: (text, one, style) => paintOf(one, style)(text) },
  { heading: 'LOADED', cell: (one) => loadedText(one, now) },
  {
    heading: 'SIZE',
    cell: (one) => (one.bytes === null ? '' : formatBytes(one.bytes)),
    align: 'right',
  },
  { heading: 'ENGINE', cell: renderBackend },
  { heading: 'DIGEST', cell: (one) => (one.digest === null ? '' : shortDigest(one.digest)) },
  { heading: 'RESIDENCY', cell: (one) => one.residency ?? '', wide: true },
  { heading: 'MEMORY', cell: memoryText, align: 'right', wide: true },
  { heading: 'OWNERS', cell: ownersText, wide: true },
  { heading: 'DETAIL', cell: (one) => redact(one.detail ?? ''), wide: true },
];

export const backendColumns: readonly Column<SurveyedBackend & { readonly models: number }>[] = [
  { heading: 'NAME', cell: ({ reference }) => reference.name ?? reference.type },
  { heading: 'TYPE', cell: ({ reference }) => reference.type },
  {
    heading: 'STATUS',
    cell: ({ problem }) => (problem === null ? 'Reachable' : 'Unreachable'),
    style: (text, { problem }, style) => (problem === null ? style.good : style.bad)(text),
  },
  { heading: 'VERSION', cell: ({ version }) => version ?? '' },
  {
    heading: 'MODELS',
    cell: ({ problem, models }) => (problem === null ? String(models) : 'unknown'),
    align: 'right',
  },
  {
    heading: 'FREE DISK',
    cell: ({ disk }) => (disk.kind === 'known' ? formatBytes(disk.freeBytes) : 'unknown'),
    align: 'right',
  },
  { heading: 'ENDPOINT', cell: ({ reference }) => reference.endpoint ?? '' },
  { heading: 'HOST', cell: ({ reference }) => reference.host, wide: true },
  { heading: 'STORE', cell: ({ reference }) => reference.store ?? '', wide: true },
  { heading: 'DETAIL', cell: ({ problem }) => redact(problem?.detail ?? ''), wide: true },
];

/** `InSync`, `Unknown` behind an engine that is down, `Missing` where an owned model is gone. */
export function statusText({ presence, status }: SurveyedModel): string {
  if (presence === 'unknown') return 'Unknown';
  return presence === 'absent' && status === 'Owned' ? 'Missing' : status;
}

export function loadedText({ loaded, presence }: SurveyedModel, now: number): string {
  if (presence !== 'there') return '';
  if (loaded === null) return 'no';
  if (loaded.expiresAt === 'never') return 'yes';
  return loaded.expiresAt > now ? `for ${formatDuration(loaded.expiresAt - now)}` : 'yes';
}

const memoryText = ({ loaded }: SurveyedModel): string =>
  loaded === null ? '' : formatBytes(loaded.memoryBytes);

const ownersText = ({ owners }: SurveyedModel): string => owners.map(ownerText).join(', ');

/** Of a set's random id, as much as tells it from the others; `get sets` has all of it. */
export const ownerText = ({ set, adopted }: Owner): string =>
  `${set.slice(0, 8)}${adopted ? ' (found)' : ''}`;

function paintOf({ presence, status }: SurveyedModel, style: Style): (text: string) => string {
  if (presence === 'unknown') return style.warning;
  if (status === 'InSync' || status === 'Owned')
    return presence === 'absent' ? style.bad : style.good;
  if (status === 'Held' || status === 'Pending') return style.warning;
  return style.faint;
}
