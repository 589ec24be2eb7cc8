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
  /** Connections at once to one server; absent: as many as a transfer uses. */
  readonly connectionsMax?: number;
  /** It did not answer a moment ago, so it is not asked now. */
  readonly isDown?: () => boolean;
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

/** What a request carries to show who asks. */
export async function authorizationOn(route: Route): Promise<Readonly<Record<string, string>>> {
  const credentials = await route.credentials();
  if (credentials === null) return {};
  if (credentials.kind === 'bearer') return { Authorization: `Bearer ${credentials.token}` };
  const pair = `${credentials.username}:${credentials.password}`;
  return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/**
 * The first answer without an error, over one route after the other: whatever a mirror says against
 * it, the next one may do better. What the last one says, which is the origin itself, is final;
 * why the mirrors before it could not help stands in its detail.
 */
export async function overRoutes<T, R extends Route>(
  routes: readonly R[],
  signal: AbortSignal,
  attempt: (route: R) => Promise<Checked<T>>,
): Promise<Checked<T>> {
  const failed: string[] = [];
  for (const [index, route] of routes.entries()) {
    const isLast = index === routes.length - 1;
    if (!isLast && route.isDown?.() === true) {
      failed.push(`${route.base.host} (did not answer a moment ago)`);
      continue;
    }
    const answer = await asChecked(signal, () => attempt(route));
    if (answer.ok) return answer;
    if (isLast || isOwnFault(answer)) return withMirrors(answer, failed);
    failed.push(`${route.base.host} (${answer.problems[0]?.detail ?? 'no answer'})`);
  }
  return refused();
}

/** A secret that is not there is to be put right, not gone around. */
const isOwnFault = <T>({ problems }: Checked<T>): boolean =>
  problems.some(({ code }) => code.startsWith('registry/'));

function withMirrors<T>(answer: Checked<T>, failed: readonly string[]): Checked<T> {
  const [problem, ...more] = answer.problems;
  if (failed.length === 0 || problem === undefined) return answer;
  const detail = `${problem.detail} Before it, ${failed.join('; ')}.`;
  return refused({ ...problem, detail }, ...more);
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
