// `modelctl history`: what earlier runs did on this machine, newest first.
import type { HistoryEntry } from '../../core/history.ts';
import { renderBackend, renderName } from '../../render/placement.ts';
import { formatBytes, formatDuration } from '../../render/quantity.ts';
import type { Column } from '../../render/table.ts';
import { countOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { readingLedger } from '../ledger-access.ts';
import { printList } from '../list-output.ts';

const limitDefault = 20;

export const history: CommandRun = async (context) => {
  const { given, output } = context;
  const limit = countOf(given, 'limit') ?? limitDefault;
  const { rows, problem } = await readingLedger(await context.io(), (ledger) => ({
    rows: ledger.history({ limit }),
    problem: ledger.problem,
  }));
  if (problem !== null) output.problem(problem);
  const empty = problem === null ? 'Nothing has been done on this machine yet.' : '';
  const code = problem === null ? exitCode.done : exitCodeOf(problem);
  await printList({ kind: 'HistoryList', rows, columns, item: historyItem, empty }, output, code);
  return code;
};

/** The shape that schemas/output publishes. */
export const historyItem = ({ at, ...entry }: HistoryEntry) => ({
  at: new Date(at).toISOString(),
  ...entry,
});

const columns: readonly Column<HistoryEntry>[] = [
  { heading: 'AT', cell: ({ at }) => new Date(at).toISOString().replace('T', ' ').slice(0, 19) },
  { heading: 'NAME', cell: renderName },
  { heading: 'ACTION', cell: ({ kind }) => kind },
  {
    heading: 'OUTCOME',
    cell: ({ outcome, open }) => (open ? 'cut off' : outcome),
    style: (text, { outcome, open }, style) =>
      (open || outcome === 'failed' ? style.bad : style.good)(text),
  },
  { heading: 'REASON', cell: ({ reason }) => reason },
  { heading: 'TOOK', cell: ({ durationMs }) => formatDuration(durationMs), align: 'right' },
  {
    heading: 'DOWNLOADED',
    cell: ({ downloadedBytes }) => (downloadedBytes === 0 ? '' : formatBytes(downloadedBytes)),
    align: 'right',
  },
  { heading: 'ENGINE', cell: renderBackend, wide: true },
  { heading: 'SET', cell: ({ set }) => set, wide: true },
  { heading: 'PROBLEM', cell: ({ problemCode }) => problemCode ?? '', wide: true },
];
