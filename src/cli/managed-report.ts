// What is told of an engine that modelctl keeps running for a Backend: as text, and as data in the
// shape that schemas/output publishes. Nothing of its environment, which may hold secrets.
import { escapeText } from '../render/escape.ts';
import { formatDuration } from '../render/quantity.ts';
import { plainStyle, type Style } from '../render/style.ts';
import type { ManagedReport } from '../services/managed/report.ts';

/** `now` in milliseconds since the epoch. No line feed at the end. */
export function renderManaged(
  report: ManagedReport,
  now: number,
  style: Style = plainStyle,
): string {
  const { name, endpoint, state, pid, startedAt, failures, lastEnd, logFile } = report;
  const word = state === 'running' ? style.good(state) : style.warning(stateWords[state]);
  const uptime = startedAt === null ? '' : `, for ${formatDuration(now - startedAt)}`;
  return [
    `The engine of Backend/${escapeText(name)} is ${word} at ${escapeText(endpoint)}${uptime}.`,
    ...(pid === null ? [] : [`  Process: ${pid}`]),
    ...(lastEnd === null ? [] : [`  Ended:   ${escapeText(lastEnd)}; ${failures} in a row`]),
    `  Log:     ${escapeText(logFile)}`,
  ].join('\n');
}

const stateWords: Readonly<Record<ManagedReport['state'], string>> = {
  running: 'running',
  stopped: 'stopped',
  waiting: 'down, and about to be started again',
  'crash-loop': 'down again and again',
  unattended: 'running, with nobody to start it again,',
};

export const managedItem = ({ startedAt, ...report }: ManagedReport) => ({
  ...report,
  startedAt: startedAt === null ? null : new Date(startedAt).toISOString(),
});
