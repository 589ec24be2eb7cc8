// A plan for people: what would be done and why, what it costs, what is held and how to move it,
// what is left over, what drifted. It shows what the plan says and adds nothing.
import type { Held } from '../core/held.ts';
import { backendKey } from '../core/key.ts';
import type { Action, ActionKind, Drift, Leftover, Plan, Unchanged } from '../core/plan.ts';
import { planTotals } from '../core/plan-totals.ts';
import { describeWay } from '../core/way.ts';
import { escapeBlock, escapeText } from './escape.ts';
import { renderBackend, renderName } from './placement.ts';
import { indent, renderRemedy, type Typed } from './problem.ts';
import { count, formatBytes, formatBytesOrUnknown, joinWords } from './quantity.ts';
import { renderSentence } from './redact.ts';
import { plainStyle, type Style } from './style.ts';
import { padEnd, padStart, widest } from './width.ts';

export interface PlanOptions extends Typed {
  readonly style?: Style;
  /** List what is unchanged too, and name digests. */
  readonly verbose?: boolean;
}

type Sections = Required<PlanOptions>;

/** Sections with an empty line between them, no line feed at the end. */
export function renderPlan(plan: Plan, options: PlanOptions = {}): string {
  const { actions, drift, unchanged } = plan;
  return joinSections([
    actions.length === 0 ? renderNoChanges(plan) : renderActions(plan, options),
    renderRemains(plan, options),
    renderDrift(drift, filled(options)),
    options.verbose === true ? renderUnchanged(unchanged, filled(options)) : '',
  ]);
}

/** What stays undone: held and left over. Empty when nothing does. */
export const renderRemains = (plan: Plan, options: PlanOptions = {}): string =>
  joinSections([
    renderHeld(plan.held, filled(options)),
    renderLeftovers(plan.leftovers, filled(options)),
  ]);

const joinSections = (sections: readonly string[]): string =>
  sections.filter((section) => section !== '').join('\n\n');

const filled = ({
  style = plainStyle,
  program = 'modelctl',
  manifests = '',
  verbose = false,
}: PlanOptions): Sections => ({
  style,
  program,
  manifests,
  verbose,
});

/** One line; empty when all there is to say is what is held. */
export function renderNoChanges(plan: Plan): string {
  const models = new Set(plan.unchanged.map((at) => at.model)).size;
  const backends = [...new Map(plan.unchanged.map((at) => [backendKey(at), at])).values()];
  if (models === 0) return plan.held.length === 0 ? 'No changes.' : '';
  const where = backends.length === 1 && backends[0] ? ` on ${renderBackend(backends[0])}` : '';
  return `No changes: ${count(models, 'model')}${where} as declared.`;
}

/** `1 to pull, 2 to load`. */
function renderActionCounts(actions: readonly Action[]): string {
  const kinds = [
    'configure',
    'restart',
    'pull',
    'create',
    'load',
    'unload',
    'evict',
  ] as const satisfies readonly ActionKind[];
  return kinds
    .map((kind) => [kind, actions.filter((action) => action.kind === kind).length] as const)
    .filter(([, amount]) => amount > 0)
    .map(([kind, amount]) => `${amount} to ${kind}`)
    .join(', ');
}

/** The actions by engine, and what they cost together. */
export function renderActions(plan: Plan, options: PlanOptions = {}): string {
  const { style } = filled(options);
  const names = widest(plan.actions.map(renderName));
  const kinds = Math.max(6, widest(plan.actions.map(({ kind }) => kind)));
  const bytes = widest(plan.actions.map(actionBytes));
  const groups = [...Map.groupBy(plan.actions, backendKey).values()];
  const blocks = groups.map((actions) => {
    const lines = actions.map((action) => {
      const { symbol, paint } = appearance(action, style);
      const reason = `${action.reason}: ${escapeText(action.because)}${renderWay(action)}`;
      return [
        `  ${paint(`${symbol} ${padEnd(action.kind, kinds)}`)}`,
        padEnd(renderName(action), names),
        padStart(actionBytes(action), bytes),
        style.faint(reason),
      ].join('  ');
    });
    return [`On ${renderBackend(actions[0] ?? { host: '', backend: '' })}:`, ...lines].join('\n');
  });
  return [
    style.strong(`Plan: ${renderActionCounts(plan.actions)}.`),
    ...blocks,
    renderTotals(plan),
  ].join('\n\n');
}

/** What changes hands, in the order people ask: how much to download, what it takes, what it frees. */
function renderTotals(plan: Plan): string {
  const totals = planTotals(plan);
  const parts = [
    ...(totals.downloadBytes > 0 ? [`downloads ${formatBytes(totals.downloadBytes)}`] : []),
    ...(totals.diskBytes > 0 ? [`takes up to ${formatBytes(totals.diskBytes)} of disk`] : []),
    ...(totals.freesBytes > 0 ? [`frees ${formatBytes(totals.freesBytes)} of disk`] : []),
    ...(totals.memoryBytes > 0
      ? [`needs at least ${formatBytes(totals.memoryBytes)} of memory`]
      : []),
  ];
  const unknown = totals.unknown.length === 0 ? '' : ` Not known: ${joinWords(totals.unknown)}.`;
  return parts.length === 0
    ? `Nothing is downloaded.${unknown}`
    : `It ${joinWords(parts)}.${unknown}`;
}

/** ` Through files: exactly the locked bytes.`, or nothing where there is but one way. */
export function renderWay(action: Action): string {
  if ((action.kind !== 'pull' && action.kind !== 'create') || action.way === undefined) return '';
  const text = describeWay(action.way, action.kind);
  return ` ${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function actionBytes({ kind, bytes }: Action): string {
  const { download, disk, memory } = bytes;
  switch (kind) {
    case 'pull':
    case 'create':
      if (download > 0) return `${formatBytes(download)} download`;
      return disk === 0 ? '' : `${formatBytesOrUnknown(disk)} disk`;
    case 'load':
      return `${formatBytesOrUnknown(memory)} memory`;
    case 'evict':
      return disk === 0 ? '' : `${formatBytesOrUnknown(disk === null ? null : -disk)} freed`;
    case 'unload':
    case 'configure':
    case 'restart':
      return '';
  }
}

function appearance(action: Action, style: Style): { symbol: string; paint: Style['added'] } {
  if (action.kind === 'evict') return { symbol: '-', paint: style.removed };
  const isNew = (action.kind === 'pull' || action.kind === 'create') && action.replaces === null;
  return isNew ? { symbol: '+', paint: style.added } : { symbol: '~', paint: style.changed };
}

function renderHeld(held: readonly Held[], { style, ...typed }: Sections): string {
  if (held.length === 0) return '';
  const entries = held.map((one) => {
    const head = `  ${style.warning(`! ${renderName(one)}`)}  ${one.because}: ${renderSentence(one.detail)}`;
    const remedy = renderRemedy(escapeBlock(one.remedy), typed);
    return `${head}\n${indent(remedy, '      ')}`;
  });
  return [`${style.strong(`Held: ${held.length}.`)} Wanted, but not done:`, ...entries].join('\n');
}

function renderLeftovers(leftovers: readonly Leftover[], { style, ...typed }: Sections): string {
  if (leftovers.length === 0) return '';
  const bytes = leftovers.reduce((sum, one) => sum + one.bytes, 0);
  const lines = leftovers.map(
    (one) =>
      `  . ${renderName(one)}  ${formatBytes(one.bytes)}  ${renderRemedy(escapeText(one.remedy), typed)}`,
  );
  const head = style.strong(`Left over: ${leftovers.length}, ${formatBytes(bytes)}.`);
  return [`${head} No longer declared, and kept:`, ...lines].join('\n');
}

function renderDrift(drift: readonly Drift[], { style }: Sections): string {
  if (drift.length === 0) return '';
  const lines = drift.map(
    (one) => `  ≠ ${renderName(one)}  ${one.reason}: ${escapeText(one.because)}`,
  );
  return [
    `${style.strong(`Drift: ${drift.length}.`)} Changed since the last run, and not by modelctl:`,
    ...lines,
  ].join('\n');
}

function renderUnchanged(unchanged: readonly Unchanged[], { style }: Sections): string {
  if (unchanged.length === 0) return '';
  const lines = unchanged.map(
    (at) =>
      `  = ${renderName(at)}  ${at.residency}  ${style.faint(at.digest)}${at.adopted ? '  adopted' : ''}`,
  );
  return [style.strong(`Unchanged: ${unchanged.length}.`), ...lines].join('\n');
}
