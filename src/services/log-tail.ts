// The last lines that an engine said, fit to be shown: few, short, and without the secrets that it
// was given.
import type { SecretReference } from '../core/backend-reference.ts';
import type { Io } from '../io/io.ts';
import { readSecret } from '../io/secret.ts';
import type { Variables } from './setup.ts';

const linesMax = 20;
const lineCharactersMax = 400;
/** Shorter ones would blank out words that are none. */
const secretCharactersMin = 4;

export async function logTail(
  text: string,
  variables: Variables,
  io: Pick<Io, 'environment' | 'files'>,
): Promise<string> {
  const references = Object.values(variables).filter(
    (value): value is SecretReference => typeof value !== 'string',
  );
  let shown = text.trimEnd().split('\n').slice(-linesMax).join('\n');
  for (const reference of references) {
    const secret = await readSecret(reference, io);
    if (secret !== null && secret.length >= secretCharactersMin) {
      shown = shown.replaceAll(secret, '***');
    }
  }
  return shown
    .split('\n')
    .map((line) => `    ${line.slice(0, lineCharactersMax)}`)
    .join('\n')
    .trimEnd();
}
