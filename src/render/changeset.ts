// What executing a plan did, for people: one line an action as it ends, one line for all of it.
import type { ChangeSet, ChangeSetEntry, Outcome } from '../core/changeset.ts';
import { renderName } from './placement.ts';
import { type ProblemOptions, renderPath, renderProblem } from './problem.ts';
import { count, formatBytes, formatDuration } from './quantity.ts';
import { plainStyle, type Style } from './style.ts';
import { padEnd } from './width.ts';

/** `pulled     qwen3:8b (coder)  5.2 GB in 1m02s`; a problem follows on lines of its own. */
export function renderEntry(entry: ChangeSetEntry, options: ProblemOptions = {}): string {
  const style = options.style ?? plainStyle;
  const { action, outcome, downloadedBytes, durationMs, problem } = entry;
  const bytes = downloadedBytes > 0 ? `${formatBytes(downloadedBytes)} in ` : '';
  const took =
    outcome === 'skipped' ? '' : `  ${style.faint(`${bytes}${formatDuration(durationMs)}`)}`;
  const what = outcome in imperative ? ` (${action.kind})` : '';
  const word = paintOutcome(outcome, style)(padEnd(outcome, 9));
  const line = `${word}  ${renderName(action)}${what}${took}`;
  return problem === undefined ? line : `${line}\n${renderProblem(problem, options)}`;
}

// Outcomes that do not say what was tried.
const imperative: Readonly<Partial<Record<Outcome, true>>> = {
  failed: true,
  skipped: true,
  unknown: true,
  unchanged: true,
};

/** `Done: 1 pulled, 1 loaded; 2 unchanged, 1 held. Downloaded 5.2 GB.` */
export function renderSummary(changes: ChangeSet): string {
  const outcomes = Map.groupBy(changes.entries, (entry) => entry.outcome);
  const listed = outcomeOrder
    .map((outcome) => [outcome, outcomes.get(outcome)?.length ?? 0] as const)
    .filter(([, amount]) => amount > 0)
    .map(([outcome, amount]) => `${amount} ${outcome}`);
  const rest = [
    ...(changes.plan.unchanged.length > 0 ? [`${changes.plan.unchanged.length} as declared`] : []),
    ...(changes.plan.held.length > 0 ? [`${changes.plan.held.length} held`] : []),
  ];
  const downloaded = changes.entries.reduce((sum, entry) => sum + entry.downloadedBytes, 0);
  const word = changes.interrupted
    ? 'Interrupted'
    : outcomes.has('failed')
      ? 'Not all done'
      : 'Done';
  return [
    `${word}: ${[listed.join(', '), rest.join(', ')].filter((part) => part !== '').join('; ')}.`,
    ...(downloaded > 0 ? [`Downloaded ${formatBytes(downloaded)}.`] : []),
    ...(changes.interrupted ? ['The next run goes on from here.'] : []),
  ].join(' ');
}

const outcomeOrder: readonly Outcome[] = [
  'configured',
  'restarted',
  'pulled',
  'created',
  'loaded',
  'unloaded',
  'evicted',
  'unchanged',
  'failed',
  'skipped',
  'unknown',
];

function paintOutcome(outcome: Outcome, style: Style): (text: string) => string {
  if (outcome === 'failed') return style.bad;
  if (outcome === 'skipped' || outcome === 'unknown') return style.warning;
  return outcome === 'unchanged' ? style.faint : style.good;
}

/** `Lock: models.lock.yaml, 1 entry added.`; empty when nothing was written. */
export function renderLock(
  lock: {
    /** Absolute. */
    readonly path: string;
    readonly added: number;
    readonly removed: number;
    readonly written: boolean;
  },
  folder = '',
): string {
  if (!lock.written) return '';
  const parts = [
    renderPath(lock.path, folder),
    ...(lock.added > 0 ? [`${count(lock.added, 'entry', 'entries')} added`] : []),
    ...(lock.removed > 0 ? [`${count(lock.removed, 'entry', 'entries')} removed`] : []),
  ];
  return `Lock: ${parts.join(', ')}.`;
}
