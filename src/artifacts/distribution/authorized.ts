// An http port that knows how to be let in: it asks as anyone would, answers a challenge once, and
// sends what it was granted with every further request to the same repository until that ends.
// Whatever else the port is used for, a redirect to another host among it, goes out without.
import type { Clock, Http, HttpRequest } from '../../io/io.ts';
import { discard } from '../http/body.ts';
import type { Known, LookUp } from './credentials.ts';
import { denied, type Grant, type GrantRequest, grantFor } from './token.ts';

export interface Access
  extends Pick<GrantRequest, 'base' | 'repository' | 'realms' | 'http' | 'clock'> {
  readonly credentials: LookUp;
  /** For work without a signal of its own. */
  readonly signal: AbortSignal;
}

/** What is known of how to get into one repository, for all who read it over one port. */
interface Entry {
  known: Known | null;
  challenge: string | null;
  grant: Grant | null;
  /** Getting a grant; never rejects. */
  renewing: Promise<unknown> | null;
}

const entriesMax = 1_000;
const memory = new WeakMap<Http, Map<string, Entry>>();

/** Its requests throw ProblemError beside HttpError: for a challenge that cannot be answered. */
export function authorizedHttp(access: Access): Http {
  const entry = entryOf(access);
  return {
    request: async (request) => {
      if (!isOwn(request.url, access)) return access.http.request(request);
      const signal = request.signal ?? access.signal;
      const first = await current(entry, access, signal);
      const response = await access.http.request(withGrant(request, first));
      if (response.status === 403 && first !== null) {
        await discard(response.body);
        throw denied({ ...access, known: entry.known ?? (await access.credentials(signal)) });
      }
      if (response.status !== 401) return response;
      await discard(response.body);
      entry.challenge = response.headers['www-authenticate'] ?? '';
      if (entry.grant === first) entry.grant = null;
      const second = await renew(entry, access, signal);
      const again = await access.http.request(withGrant(request, second));
      if (again.status !== 401 && again.status !== 403) return again;
      await discard(again.body);
      if (entry.grant === second) entry.grant = null;
      throw denied({ ...access, known: entry.known ?? (await access.credentials(signal)) });
    },
  };
}

/** Only the registry's protocol is let know: a store that it redirects to may have its host too. */
function isOwn(text: string, { base }: Access): boolean {
  const url = URL.parse(text);
  const protocol = `${base.pathname.replace(/\/$/, '')}/v2/`;
  return url?.origin === base.origin && url.pathname.startsWith(protocol);
}

function withGrant(request: HttpRequest, grant: Grant | null): HttpRequest {
  if (grant === null) return request;
  return { ...request, headers: { ...request.headers, Authorization: grant.header } };
}

/** What is there and still good; a token that ended is replaced before it is refused. */
async function current(entry: Entry, access: Access, signal: AbortSignal): Promise<Grant | null> {
  const { grant } = entry;
  if (grant === null || !hasEnded(grant, access.clock)) return grant;
  entry.grant = null;
  return entry.challenge === null ? null : renew(entry, access, signal);
}

const hasEnded = ({ expiresAt }: Grant, clock: Clock): boolean => clock.now() >= expiresAt;

/** One asks, all who wait take the same; when that one is aborted, another asks. */
async function renew(entry: Entry, access: Access, signal: AbortSignal): Promise<Grant> {
  while (entry.renewing !== null) {
    await entry.renewing;
    signal.throwIfAborted();
  }
  if (entry.grant !== null) return entry.grant;
  const work = ask(entry, access, signal);
  entry.renewing = work.then(
    () => undefined,
    () => undefined,
  );
  try {
    const grant = await work;
    entry.grant = grant;
    return grant;
  } finally {
    entry.renewing = null;
  }
}

async function ask(entry: Entry, access: Access, signal: AbortSignal): Promise<Grant> {
  const known = await access.credentials(signal);
  entry.known = known;
  return grantFor({ ...access, signal, known, challenge: entry.challenge ?? '' });
}

function entryOf({ http, base, repository, realms }: Access): Entry {
  const entries = memory.get(http) ?? new Map<string, Entry>();
  memory.set(http, entries);
  const key = `${realms} ${base.href} ${repository}`;
  const there = entries.get(key);
  if (there !== undefined) return there;
  const [oldest] = entries.keys();
  if (oldest !== undefined && entries.size >= entriesMax) entries.delete(oldest);
  const entry = { known: null, challenge: null, grant: null, renewing: null };
  entries.set(key, entry);
  return entry;
}
