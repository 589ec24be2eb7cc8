// Figures as people read them: bytes, rates, durations, counts. Decimal units, as disks and
// downloads are sold and as Ollama prints them. Rounded for reading, never for deciding.

import { formatBytes } from '../core/quantity.ts';

export { formatBytes };

/** As `formatBytes`; `unknown` where nobody knows, which is not zero. */
export const formatBytesOrUnknown = (bytes: number | null): string =>
  bytes === null ? 'unknown' : formatBytes(bytes);

export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

/** `40ms`, `1.2s`, `45s`, `2m05s`, `1h02m`, `3d04h`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, Math.round(durationMs));
  if (ms < 1000) return `${ms}ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

/** How long something still takes: whole seconds, for nobody knows it better. */
export const formatRemaining = (durationMs: number): string => {
  const seconds = Math.max(1, Math.ceil(durationMs / 1000));
  return seconds < 60 ? `${seconds}s` : formatDuration(seconds * 1000);
};

const two = (value: number): string => String(value).padStart(2, '0');

/** `1 model`, `3 models`; `plural` where an s does not do. */
export const count = (amount: number, noun: string, plural = `${noun}s`): string =>
  `${amount} ${amount === 1 ? noun : plural}`;

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}
