// The file through which a running engine is found. Pure but for the two calls that read and write
// it; what it says is a claim, to be checked against the process it names.
import { join } from 'node:path';
import { isAbsent } from '../io/error-code.ts';
import type { Files } from '../io/io.ts';
import { type EngineState, engineFiles } from './protocol.ts';

const stateBytesMax = 64 * 1024;

/** Only its owner may read it: it holds the token. */
export const writeState = (files: Files, folder: string, state: EngineState): Promise<void> =>
  files.writeAtomic(join(folder, engineFiles.state), `${JSON.stringify(state, null, 2)}\n`, {
    mode: 0o600,
  });

/** Null when there is none, or none that can be read as one: then no engine can be reached. */
export async function readState(files: Files, folder: string): Promise<EngineState | null> {
  try {
    const bytes = await files.readBytes(join(folder, engineFiles.state), stateBytesMax);
    return parseState(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

export const removeState = (files: Files, folder: string): Promise<void> =>
  files.remove(join(folder, engineFiles.state));

function parseState(text: string): EngineState | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { pid, start, port, token, version, store }: Partial<Record<keyof EngineState, unknown>> =
    value;
  if (!isPositive(pid) || !isPositive(port)) return null;
  if (typeof token !== 'string' || typeof version !== 'string' || typeof store !== 'string')
    return null;
  return { pid, start: typeof start === 'string' ? start : null, port, token, version, store };
}

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
