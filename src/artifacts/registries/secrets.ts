// Secrets of a Registry, read when they are first needed and kept nowhere else. A reference that
// leads to nothing names the Registry and the field, and never what was read.
import { errorProblem, type Origin, ProblemError } from '../../core/problem.ts';
import { type RegistryResource, resourceLabel } from '../../core/resource.ts';
import type { Io } from '../../io/io.ts';
import type { Credentials } from './route.ts';

type Auth = NonNullable<RegistryResource['spec']['auth']>;
type Reference = Extract<RegistryResource['spec']['proxy'], object>;

/** Where in which Registry something stands. */
export interface Place {
  readonly registry: RegistryResource;
  readonly path: readonly (string | number)[];
  readonly locate: (registry: RegistryResource, path: readonly (string | number)[]) => Origin;
}

const secretBytesMax = 64 * 1024;

/** Throws ProblemError. */
export async function readCredentials(auth: Auth, place: Place, io: Io): Promise<Credentials> {
  if ('token' in auth) {
    const token = await readSecret(auth.token, below(place, 'token'), io);
    return { kind: 'bearer', token };
  }
  const password = await readSecret(auth.password, below(place, 'password'), io);
  return { kind: 'basic', username: auth.username, password };
}

/** Without the line end that editors leave. Throws ProblemError. */
export async function readSecret(reference: Reference, place: Place, io: Io): Promise<string> {
  const where = 'env' in reference ? `the variable ${reference.env}` : `the file ${reference.file}`;
  const text =
    'env' in reference ? io.environment.get(reference.env) : await read(reference.file, io);
  const secret = text?.trim() ?? '';
  if (secret === '') throw unusable(place, `${where} holds nothing that can be read`);
  // A header cannot hold more; a secret of other characters was not meant.
  if (/[^\u0020-\u007e]/.test(secret)) throw unusable(place, `${where} holds no plain text`);
  return secret;
}

const read = (path: string, { files, environment }: Io): Promise<string | undefined> =>
  files
    .readBytes(
      path.startsWith('~/') ? `${environment.homeFolder}${path.slice(1)}` : path,
      secretBytesMax,
    )
    .then(
      (bytes) => new TextDecoder().decode(bytes),
      () => undefined, // missing or not ours to read: either way there is no secret
    );

export const below = (place: Place, field: string): Place => ({
  ...place,
  path: [...place.path, field],
});

function unusable(place: Place, why: string): ProblemError {
  const field = place.path.join('.');
  return new ProblemError(
    errorProblem({
      code: 'registry/no-secret',
      summary: 'A secret of a Registry cannot be read',
      detail: `\`${field}\` of ${resourceLabel(place.registry)}: ${why}.`,
      remedy: 'Put the secret there, or correct the reference.',
      origin: place.locate(place.registry, place.path),
      path: field,
      subject: resourceLabel(place.registry),
      retry: 'later',
    }),
  );
}
