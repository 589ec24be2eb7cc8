// How the place that a reference names is reached: itself, or mirrors that stand in for it, each
// with its own address, connection and credentials. Sources speak to routes only, so mirrors,
// proxies, certificates and bandwidth work the same for all of them.
import { type Checked, checked, ProblemError, refused } from '../../core/problem.ts';
import type { Http } from '../../io/io.ts';
import { asChecked } from '../as-checked.ts';

/** Secrets: sent, never printed. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string };

export interface Route {
  /** Stands in for the origin of the reference: its paths are meant below this address. */
  readonly base: URL;
  /** Speaks over the route's own proxy, certificates and bandwidth. */
  readonly http: Http;
  /** What was declared for it; null where a source has to know by itself. Throws ProblemError. */
  readonly credentials: () => Promise<Credentials | null>;
}

/** The ways to an origin (`https://huggingface.co`), best first; never empty. */
export type Routes = (origin: URL) => readonly Route[];

/** No mirrors, no declared credentials. */
export const directRoutes =
  (http: Http): Routes =>
  (origin) => [{ base: origin, http, credentials: async () => null }];

/** `path`, without a leading slash, below the route's address. */
export function addressOn({ base }: Route, path: string): URL {
  const folder = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return new URL(`${base.origin}${folder}${path}`);
}

/**
 * The first answer without an error, over one route after the other; else what the last one, which
 * is the origin itself, had to say.
 */
export async function overRoutes<T, R extends Route>(
  routes: readonly R[],
  signal: AbortSignal,
  attempt: (route: R) => Promise<Checked<T>>,
): Promise<Checked<T>> {
  let last: Checked<T> = refused();
  for (const route of routes) {
    last = await asChecked(signal, () => attempt(route));
    if (last.ok) return last;
  }
  return last;
}

/** The same for work that throws ProblemError. */
export async function onRoutes<T, R extends Route>(
  routes: readonly R[],
  signal: AbortSignal,
  attempt: (route: R) => Promise<T>,
): Promise<T> {
  const answer = await overRoutes(routes, signal, async (route) => checked(await attempt(route)));
  if (answer.ok) return answer.value;
  const [problem] = answer.problems;
  if (problem === undefined) throw new Error('an origin has at least one route');
  throw new ProblemError(problem);
}
