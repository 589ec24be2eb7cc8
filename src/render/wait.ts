// What waits and why, in a few words. Times of the day are those of this machine.
import type { Wait } from '../core/progress.ts';
import { formatRemaining } from './quantity.ts';

/** `waits 38s: asked by the server`, `paused until 06:00`. */
export function renderWait({ because, until }: Wait, now: number): string {
  const left = until === null ? '' : ` ${formatRemaining(until - now)}`;
  switch (because) {
    case 'asked':
      return `waits${left}: asked by the server`;
    case 'bandwidth':
      return `waits${left}: bandwidth limit`;
    case 'paused':
      return until === null ? 'paused' : `paused until ${clockTime(until, now)}`;
    case 'retry':
      return `again in${left}`;
  }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const dayMs = 24 * 60 * 60 * 1000;

function clockTime(at: number, now: number): string {
  const date = new Date(at);
  const time = [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0'));
  return `${at - now >= dayMs ? `${days[date.getDay()] ?? ''} ` : ''}${time.join(':')}`;
}
