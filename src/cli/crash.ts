// What is printed when modelctl itself is at fault: enough to report, nothing that is secret.

import { escapeBlock, escapeText } from '../render/escape.ts';
import { redact } from '../render/redact.ts';

export interface CrashDetails {
  /** The command's name alone: its arguments belong to the user. */
  readonly command: string;
  readonly version: string;
  /** `Node v24.1.0, linux x64`. */
  readonly runtime: string;
  /** The whole stack instead of our part of it. */
  readonly verbose: boolean;
}

const framesMax = 6;

/** Several lines, no line feed at the end. */
export function renderCrash(error: unknown, details: CrashDetails): string {
  const { name, message, stack } =
    error instanceof Error ? error : { name: 'Thrown', message: String(error), stack: '' };
  const frames = (stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  const shown = details.verbose ? frames : frames.filter(isOurs).slice(0, framesMax).map(shorten);
  return [
    'modelctl stopped because of a bug in modelctl. What was recorded is intact; running the',
    'command again is safe. Please report it with these lines:',
    '',
    `  modelctl ${details.version} ${escapeText(details.command)}, ${details.runtime}`,
    `  ${escapeText(name)}: ${redact(escapeText(message))}`,
    ...shown.map((line) => `  ${redact(escapeBlock(line.trim()))}`),
  ].join('\n');
}

const isOurs = (frame: string): boolean =>
  !frame.includes('node:') && !frame.includes('node_modules');

/** Where we are installed is the user's business. */
const shorten = (frame: string): string =>
  frame.replace(/(?:file:\/\/)?\/\S*\/((?:src|dist)\/\S+)/, '$1');
