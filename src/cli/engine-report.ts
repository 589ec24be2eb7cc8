// What is told of the embedded engine: as text, and as data in the shape that schemas/output
// publishes. Never its token, and never the model files' digests: they have other commands.
import type { EngineReport } from '../backends/embedded/control.ts';
import type { RunningModel } from '../engine/protocol.ts';
import { escapeText } from '../render/escape.ts';
import { formatBytes, formatDuration } from '../render/quantity.ts';
import { plainStyle, type Style } from '../render/style.ts';
import { type Column, renderTable } from '../render/table.ts';

/** `now` in milliseconds since the epoch. No line feed at the end. */
export function renderEngine(report: EngineReport, now: number, style: Style = plainStyle): string {
  const { status, url, state, logFile } = report;
  if (status === null) return `The embedded engine is ${state}.\n  Log: ${escapeText(logFile)}`;
  const uptime = formatDuration(now - status.startedAt);
  return [
    `The embedded engine is ${style.good('running')} at ${url ?? ''}, for ${uptime}.`,
    `  Process: ${status.pid}, ${formatBytes(status.residentBytes)} without its models`,
    `  Version: ${escapeText(status.version)}`,
    `  Store:   ${escapeText(status.store)}`,
    `  Log:     ${escapeText(logFile)}`,
    ...status.crashes.map(
      ({ names, at, how }) =>
        `  Crash:   ${escapeText(names.join(', '))} ended with ${how} at ${new Date(at).toISOString()}`,
    ),
    '',
    status.models.length === 0
      ? 'No model is loaded.'
      : renderTable(modelColumns, status.models, style),
  ].join('\n');
}

const modelColumns: readonly Column<RunningModel>[] = [
  { heading: 'NAME', cell: ({ holds }) => holds.map(({ name }) => name).join(', ') },
  { heading: 'STATE', cell: ({ state }) => state },
  { heading: 'MEMORY', cell: ({ memory }) => formatBytes(memory.residentBytes), align: 'right' },
  { heading: 'VRAM', cell: ({ memory }) => formatBytes(memory.vramBytes), align: 'right' },
  {
    heading: 'CONTEXT',
    cell: ({ actual }) => (actual === null ? '' : String(actual.contextLength)),
    align: 'right',
  },
  { heading: 'REQUESTS', cell: ({ inFlight, waiting }) => `${inFlight} + ${waiting} waiting` },
];

export const engineItem = ({ state, url, status, logFile, problem }: EngineReport) => ({
  state,
  url,
  logFile,
  pid: status?.pid ?? null,
  version: status?.version ?? null,
  store: status?.store ?? null,
  startedAt: status === null ? null : new Date(status.startedAt).toISOString(),
  residentBytes: status?.residentBytes ?? null,
  models: (status?.models ?? []).map(modelItem),
  crashes: (status?.crashes ?? []).map(({ names, at, how }) => ({
    names,
    at: new Date(at).toISOString(),
    how,
  })),
  ...(problem === null ? {} : { problem }),
});

const modelItem = ({
  state,
  pid,
  load,
  actual,
  holds,
  inFlight,
  waiting,
  memory,
}: RunningModel) => ({
  names: holds.map(({ name }) => name),
  state,
  pid,
  load,
  actual,
  inFlight,
  waiting,
  memory,
});
