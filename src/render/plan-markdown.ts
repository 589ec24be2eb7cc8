// A plan as Markdown, for a comment on a pull request.
import type { Plan } from '../core/plan.ts';
import { planTotals } from '../core/plan-totals.ts';
import { renderBackend } from './placement.ts';
import { renderNoChanges, renderWay } from './plan.ts';
import { count, formatBytes, formatBytesOrUnknown } from './quantity.ts';
import { redact } from './redact.ts';
import { type Column, renderMarkdownTable } from './table.ts';

/** No line feed at the end. */
export function renderPlanMarkdown(plan: Plan): string {
  const totals = planTotals(plan);
  const sections = [
    plan.actions.length === 0
      ? renderNoChanges(plan)
      : `**${count(plan.actions.length, 'action')}**, downloads ${formatBytes(totals.downloadBytes)}`,
    plan.actions.length === 0 ? '' : renderMarkdownTable(actionColumns, plan.actions),
    plan.held.length === 0 ? '' : `**Held**\n\n${renderMarkdownTable(heldColumns, plan.held)}`,
    plan.leftovers.length === 0
      ? ''
      : `**Left over**\n\n${renderMarkdownTable(leftoverColumns, plan.leftovers)}`,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

const actionColumns: readonly Column<Plan['actions'][number]>[] = [
  { heading: 'Action', cell: (action) => action.kind },
  { heading: 'Name', cell: (action) => action.name },
  { heading: 'Model', cell: (action) => action.model },
  { heading: 'Engine', cell: renderBackend },
  {
    heading: 'Reason',
    cell: (action) => `${action.reason}: ${action.because}${renderWay(action)}`,
  },
  { heading: 'Download', cell: (action) => formatBytes(action.bytes.download), align: 'right' },
  { heading: 'Disk', cell: (action) => formatBytesOrUnknown(action.bytes.disk), align: 'right' },
];

const heldColumns: readonly Column<Plan['held'][number]>[] = [
  { heading: 'Name', cell: (held) => held.name },
  { heading: 'Model', cell: (held) => held.model },
  { heading: 'Because', cell: (held) => `${held.because}: ${redact(held.detail)}` },
  { heading: 'Remedy', cell: (held) => held.remedy.replace(/\s+/g, ' ') },
];

const leftoverColumns: readonly Column<Plan['leftovers'][number]>[] = [
  { heading: 'Name', cell: (leftover) => leftover.name },
  { heading: 'Size', cell: (leftover) => formatBytes(leftover.bytes), align: 'right' },
  { heading: 'Remedy', cell: (leftover) => leftover.remedy },
];
