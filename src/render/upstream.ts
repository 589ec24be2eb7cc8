// How the lock stands to what upstream serves: as columns, as data, and as the message of a commit
// that takes it over.
import { shortDigest } from '../core/digest.ts';
import type { ChangedPart, LockedLine, Standing, Version } from '../core/upstream.ts';
import { problemDocument } from './document.ts';
import { escapeText } from './escape.ts';
import { count, formatBytes, joinWords } from './quantity.ts';
import { redact } from './redact.ts';
import type { Style } from './style.ts';
import { type Column, renderMarkdownTable } from './table.ts';

export const standingColumns: readonly Column<Standing>[] = [
  { heading: 'MODEL', cell: ({ model }) => model },
  { heading: 'TARGET', cell: ({ target }) => target },
  {
    heading: 'STATUS',
    cell: ({ status }) => status,
    style: (text, { status }, style) => paintOf(status, style)(text),
  },
  { heading: 'LOCKED', cell: ({ locked }) => revisionText(locked) },
  { heading: 'UPSTREAM', cell: ({ upstream }) => revisionText(upstream) },
  { heading: 'CHANGED', cell: ({ changed }) => changedText(changed) },
  { heading: 'DOWNLOAD', cell: downloadText, align: 'right' },
  { heading: 'SOURCE', cell: ({ source }) => source },
  { heading: 'SIZE', cell: ({ locked }) => sizeText(locked), align: 'right', wide: true },
  { heading: 'NEW SIZE', cell: ({ upstream }) => sizeText(upstream), align: 'right', wide: true },
  { heading: 'FILES', cell: ({ changed }) => filesText(changed), wide: true },
  { heading: 'DETAIL', cell: ({ problem }) => redact(problem?.detail ?? ''), wide: true },
];

/** What moved, and what could not be asked, for a pull request. No line feed at the end. */
export function renderUpdateMarkdown(standings: readonly Standing[]): string {
  const moved = standings.filter(({ status }) => status === 'moved');
  const unknown = standings.filter(({ status }) => status === 'unknown');
  const entries = count(moved.length, 'entry', 'entries');
  const sections = [
    ...(moved.length === 0
      ? []
      : [
          `**${entries} of the lock moved**, ${toDownload(downloadOf(moved))}`,
          renderMarkdownTable(updateColumns, moved),
        ]),
    ...(unknown.length === 0
      ? []
      : ['**Not asked**, and kept as locked', renderMarkdownTable(unknownColumns, unknown)]),
  ];
  return sections.join('\n\n');
}

/** Targets share what a source serves, so each source counts once. */
const downloadOf = (moved: readonly Standing[]): number =>
  new Map(moved.map(({ source, downloadBytes }) => [source, downloadBytes ?? 0]))
    .values()
    .reduce((sum, bytes) => sum + bytes, 0);

const unknownColumns: readonly Column<Standing>[] = [
  { heading: 'Model', cell: ({ model }) => model },
  { heading: 'Target', cell: ({ target }) => target },
  { heading: 'Source', cell: ({ source }) => source },
  { heading: 'Problem', cell: ({ problem }) => redact(problem?.detail ?? '') },
];

const updateColumns: readonly Column<Standing>[] = [
  { heading: 'Model', cell: ({ model }) => model },
  { heading: 'Target', cell: ({ target }) => target },
  { heading: 'Source', cell: ({ source }) => source },
  { heading: 'Locked', cell: ({ locked }) => revisionText(locked) },
  { heading: 'Now', cell: ({ upstream }) => revisionText(upstream) },
  { heading: 'Changed', cell: ({ changed }) => changedText(changed) },
  { heading: 'Download', cell: downloadText, align: 'right' },
];

/** The shape that schemas/output publishes. */
export const standingItem = ({
  model,
  target,
  source,
  status,
  locked,
  upstream,
  changed,
  downloadBytes,
  problem,
}: Standing) => ({
  model,
  target,
  source,
  status,
  locked,
  upstream,
  changed,
  downloadBytes,
  problem: problem === null ? null : problemDocument(problem),
});

/** The same. */
export const lineItem = ({ model, target, source, version }: LockedLine) => ({
  model,
  target,
  source,
  version: version ?? null,
});

/** `+ chat  ollama://…  9998da24c43f  224.7 kB`, for what came into a lock or left it. */
export function renderLine(sign: '+' | '-', line: LockedLine): string {
  const { model, target, source, version } = line;
  const name = target === '-' ? model : `${model} on ${target}`;
  const what = version === undefined ? [] : [revisionText(version), formatBytes(version.bytes)];
  return [`${sign} ${escapeText(name)}`, escapeText(source), ...what].join('  ');
}

/**
 * Subject, empty line, then a paragraph for each source: what `git commit -F -` takes. `moved` are
 * of status `moved`, at least one.
 */
export function renderUpdateMessage(moved: readonly Standing[]): string {
  const models = [...new Set(moved.map(({ model }) => model))];
  const named = joinWords(models);
  const isShort = models.length <= 3 && named.length <= subjectMax;
  const subject = isShort ? named : count(models.length, 'model');
  const sources = Map.groupBy(moved, ({ source }) => source);
  return [
    `Update ${escapeText(subject)}`,
    ...[...sources.values()].map((ones) => paragraph(ones)),
  ].join('\n\n');
}

/** git and the sites that show commits cut subjects at some 70 characters. */
const subjectMax = 60;

function paragraph(ones: readonly Standing[]): string {
  const [first] = ones;
  if (first === undefined) return '';
  const names = [...new Set(ones.map(({ model, target }) => place(model, target)))];
  return [
    `${joinWords(names)}: ${first.source}`,
    `  ${revisionText(first.locked)} -> ${revisionText(first.upstream)}`,
    `  changed: ${changedText(first.changed)}; ${toDownload(first.downloadBytes ?? 0)}`,
  ]
    .map(escapeText)
    .join('\n');
}

const place = (model: string, target: string): string =>
  target === '-' ? model : `${model} on ${target}`;

const revisionText = (version: Version | null): string =>
  version === null ? '' : shortDigest(version.revision);

const sizeText = (version: Version | null): string =>
  version === null ? '' : formatBytes(version.bytes);

function downloadText({ status, downloadBytes }: Standing): string {
  return status === 'moved' && downloadBytes !== null ? formatBytes(downloadBytes) : '';
}

const toDownload = (bytes: number): string =>
  bytes === 0 ? 'nothing to download' : `${formatBytes(bytes)} to download`;

/** `weights, template, params added`; what has no name of its own by its file. */
function changedText(changed: readonly ChangedPart[]): string {
  const words = changed.map(({ part, path, change }) => {
    const name = part === 'other' ? path : part;
    return change === 'replaced' ? name : `${name} ${change}`;
  });
  return [...new Set(words)].join(', ');
}

const filesText = (changed: readonly ChangedPart[]): string =>
  changed.flatMap(({ path }) => (path === '' ? [] : [path])).join(', ');

function paintOf(status: Standing['status'], style: Style): (text: string) => string {
  if (status === 'moved' || status === 'unlocked') return style.changed;
  if (status === 'unknown') return style.warning;
  return style.faint;
}
