// Who modelctl is to a registry: what was declared for the route, else what docker's own
// configuration says, else nobody. Looked up only once a registry asks.
import type { Credentials, Route } from '../registries/route.ts';

/** Secrets: sent, never printed. */
export type RegistryCredentials =
  | Credentials
  /** Only good for getting tokens with (docker calls it an identity token). */
  | { readonly kind: 'refresh'; readonly token: string };

export interface Known {
  /** Null: asks as anyone may. */
  readonly credentials: RegistryCredentials | null;
  /** For people: where they come from, or why there are none. Full sentence, no secret. */
  readonly about: string;
  /** What to do when the registry says no to them, or to their absence. */
  readonly remedy: string;
}

/** Throws ProblemError, and the signal's reason. */
export type LookUp = (signal: AbortSignal) => Promise<Known>;

/** `otherwise` is asked where nothing was declared for the route. */
export const credentialsOf =
  (route: Route, otherwise: LookUp): LookUp =>
  async (signal) => {
    const credentials = await route.credentials();
    return credentials === null
      ? otherwise(signal)
      : {
          credentials,
          about: 'The credentials are those that were declared for the registry.',
          remedy: wrongCredentials,
        };
  };

export const anonymous: LookUp = async () => ({
  credentials: null,
  about: 'modelctl asked without credentials.',
  remedy: 'Check the name, or declare credentials for the registry.',
});

export const wrongCredentials = 'Check the name, and that the credentials may read it.';
