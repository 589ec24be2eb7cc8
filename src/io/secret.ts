// Reads a secret where its reference says that it is, at the moment it is needed.
import type { SecretReference } from '../core/backend-reference.ts';
import type { Io } from './io.ts';

const secretBytesMax = 64 * 1024;

/** Without the line end that editors leave; null where there is none, or none that may be read. */
export async function readSecret(
  reference: SecretReference,
  { environment, files }: Pick<Io, 'environment' | 'files'>,
): Promise<string | null> {
  const text =
    'env' in reference
      ? environment.get(reference.env)
      : await files.readBytes(inHome(reference.file, environment), secretBytesMax).then(
          (bytes) => new TextDecoder().decode(bytes),
          () => undefined, // missing or not ours to read: either way there is none
        );
  const secret = text?.replace(/[\r\n]+$/, '') ?? '';
  return secret === '' || secret.includes('\0') ? null : secret;
}

const inHome = (path: string, { homeFolder }: Io['environment']): string =>
  path.startsWith('~/') ? `${homeFolder}${path.slice(1)}` : path;
