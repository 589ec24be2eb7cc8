// Progress for logs: one line an event, and of a transfer only each tenth, so that a log of a
// long pull stays short. Pure: the caller keeps the state that decides what is news.
import type { ProgressEvent } from '../core/progress.ts';
import { renderCondition, renderRevision } from './condition.ts';
import { escapeText } from './escape.ts';
import { renderName } from './placement.ts';
import { renderProblem } from './problem.ts';
import { type ProgressState, rateOf } from './progress.ts';
import { formatBytes, formatDuration, formatRate } from './quantity.ts';
import { renderSentence } from './redact.ts';
import { renderWait } from './wait.ts';

/**
 * The line for an event, or null when it is no news. `before` and `after` are the state around
 * it. Ends of actions are results and are not told here.
 */
export function renderEventLine(
  event: ProgressEvent,
  before: ProgressState,
  after: ProgressState,
  now: number,
): string | null {
  switch (event.kind) {
    case 'note':
      return escapeText(event.text);
    case 'problem':
      return renderProblem(event.problem);
    case 'started':
      return event.attempt > 1
        ? `${event.action.kind} ${renderName(event.action)}: attempt ${event.attempt}`
        : `${event.action.kind} ${renderName(event.action)}`;
    case 'retrying': {
      const name = nameOf(after, event.action);
      return `${name}: again in ${formatDuration(event.delayMs)}: ${renderSentence(event.problem.detail)}`;
    }
    case 'waiting': {
      const { wait } = event;
      const why = wait.because === 'paused' ? '' : ` (${renderSentence(wait.detail)})`;
      return `${nameOf(after, event.action)}: ${renderWait(wait, now)}${why}`;
    }
    case 'bytes':
      return renderTransfer(event.action, before, after, now);
    case 'revision':
      return renderRevision(event.revision);
    case 'condition':
      return renderCondition(event.condition);
    case 'planned':
    case 'finished':
      return null;
  }
}

function renderTransfer(
  id: string,
  before: ProgressState,
  after: ProgressState,
  now: number,
): string | null {
  const was = before.running.get(id);
  const is = after.running.get(id);
  if (was === undefined || is === undefined || is.totalBytes <= 0) return null;
  const tenth = tenths(is.completedBytes, is.totalBytes);
  if (tenth === 0 || tenth === tenths(was.completedBytes, was.totalBytes)) return null;
  const rate = rateOf(is, now);
  const speed = rate === null ? '' : `, ${formatRate(rate)}`;
  return `${nameOf(after, id)}: ${tenth * 10}% of ${formatBytes(is.totalBytes)}${speed}`;
}

const tenths = (completed: number, total: number): number =>
  total <= 0 ? 0 : Math.floor((Math.min(completed, total) / total) * 10);

function nameOf(state: ProgressState, id: string): string {
  const running = state.running.get(id);
  return running === undefined
    ? escapeText(id)
    : `${running.action.kind} ${renderName(running.action)}`;
}
