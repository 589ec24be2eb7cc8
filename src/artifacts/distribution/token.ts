// From a challenge to what may be sent: credentials as they are, or a token that a realm hands
// out for them or to anyone (the scheme of Docker's registries, which the distribution
// specification leaves open). Credentials go to the registry, and to the realm that it names if
// that is spoken to over https, or on this machine as the registry itself.
import { parseObject } from '../../core/json-object.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Clock, Http } from '../../io/io.ts';
import { refusalOf, shownUrl } from '../http/address.ts';
import { discard, readAtMost } from '../http/body.ts';
import { type Answer, follow } from '../http/follow.ts';
import { bodyIdleTimeoutMs, headersTimeoutMs } from '../http/open-range.ts';
import { type Asked, statusProblem, throwWireProblem } from '../http/problems.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Known, RegistryCredentials } from './credentials.ts';

/** What is sent as `Authorization`, and until when (milliseconds since the epoch). */
export interface Grant {
  readonly header: string;
  readonly expiresAt: number;
}

export interface GrantRequest {
  /** Where the registry is. */
  readonly base: URL;
  /** As in `library/qwen3`. */
  readonly repository: string;
  /** Whether a realm may be on another host than the registry. */
  readonly realms: 'own-host' | 'any-host';
  /** `WWW-Authenticate` as it came. */
  readonly challenge: string;
  readonly known: Known;
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const tokenBytesMax = 64 * 1024;
const tokenTimeoutMs = 60_000;
/** Where a realm does not say; Docker's documentation of it. */
const lifetimeSecondsDefault = 60;
const lifetimeSecondsMax = 86_400;
/** A token is not begun with so shortly before its end. */
const marginMs = 5_000;

/** Throws ProblemError. */
export async function grantFor(request: GrantRequest): Promise<Grant> {
  const { credentials } = request.known;
  if (credentials?.kind === 'bearer') return lasting(`Bearer ${credentials.token}`);
  const challenges = parseChallenges(request.challenge);
  const bearer = challenges.find(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'),
  );
  if (bearer !== undefined) return tokenOf(bearer, request);
  if (challenges.some(({ scheme }) => scheme === 'basic') && credentials?.kind === 'basic') {
    return lasting(basic(credentials));
  }
  throw denied(request);
}

/** That the registry says no, whoever asks or after what was sent. */
export const denied = ({
  base,
  repository,
  known,
}: Pick<GrantRequest, 'base' | 'repository' | 'known'>): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/unauthorized',
      summary: 'A source refuses access',
      detail: `${base.host} does not let ${repository} be read. It may be private, or not exist: registries often do not say which. ${known.about}`,
      remedy: known.remedy,
    }),
  );

const lasting = (header: string): Grant => ({ header, expiresAt: Number.POSITIVE_INFINITY });

const basic = ({ username, password }: RegistryCredentials & { readonly kind: 'basic' }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

async function tokenOf(challenge: Challenge, request: GrantRequest): Promise<Grant> {
  const realm = realmOf(challenge, request);
  const asked: Asked = {
    what: `leave to read ${request.repository}`,
    url: realm,
    signal: request.signal,
    ifMissing: 'Check the registry, and that no proxy answers in its place.',
  };
  const startedAt = request.clock.now();
  try {
    const answer = await ask(challenge, asked, request);
    if (answer.response.status !== 200) {
      await discard(answer.response.body);
      if ([400, 401, 403].includes(answer.response.status)) throw denied(request);
      throw new ProblemError(statusProblem(answer, asked));
    }
    const body = await readAtMost(answer.response.body, {
      bytesMax: tokenBytesMax,
      timeoutMs: tokenTimeoutMs,
      clock: request.clock,
    });
    const grant = body === null ? null : readToken(body, startedAt);
    if (grant === null) throw denied(request);
    return grant;
  } catch (error) {
    return throwWireProblem(error, asked);
  }
}

function realmOf({ parameters }: Challenge, { base, realms }: GrantRequest): URL {
  const realm = URL.parse(parameters.get('realm') ?? '');
  const why = realm === null ? 'cannot be asked' : realmRefusal(realm, base, realms);
  if (realm !== null && why === null) return realm;
  const where = realm === null ? 'what is no address' : shownUrl(realm);
  throw new ProblemError(
    errorProblem({
      code: 'source/unauthorized',
      summary: 'A source refuses access',
      detail: `${base.host} sends for a token to ${where}, which ${why ?? ''}.`,
      remedy: 'Check the registry. Tokens are asked for at the registry itself or over https only.',
    }),
  );
}

function realmRefusal(realm: URL, base: URL, realms: GrantRequest['realms']): string | null {
  if (realms === 'own-host' && realm.host !== base.host) return 'is not its own address';
  return refusalOf(realm, base);
}

/** A GET with credentials or none, or the POST of OAuth 2 that identity tokens are made for. */
async function ask(
  { parameters }: Challenge,
  { url, signal }: Asked,
  { http, known, repository }: GrantRequest,
): Promise<Answer> {
  const wanted = new URLSearchParams();
  const service = printable(parameters.get('service'));
  if (service !== null) wanted.set('service', service);
  wanted.set('scope', printable(parameters.get('scope')) ?? `repository:${repository}:pull`);
  const waits = { timeoutMs: headersTimeoutMs, idleTimeoutMs: bodyIdleTimeoutMs, signal };
  const { credentials } = known;
  if (credentials?.kind === 'refresh') {
    wanted.set('grant_type', 'refresh_token');
    wanted.set('client_id', 'modelctl');
    wanted.set('refresh_token', credentials.token);
    const headers = {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    const body = wanted.toString();
    return {
      response: await http.request({ method: 'POST', url: url.href, headers, body, ...waits }),
      url,
    };
  }
  const asks = new URL(url);
  for (const [name, value] of wanted) asks.searchParams.set(name, value);
  const authorization = credentials?.kind === 'basic' ? { Authorization: basic(credentials) } : {};
  const headers = { Accept: 'application/json', ...authorization };
  return follow(http, { method: 'GET', url: asks, headers, ...waits });
}

const printable = (text: string | undefined): string | null =>
  text !== undefined && /^[\u0020-\u007e]{1,2048}$/.test(text) ? text : null;

function readToken(body: Uint8Array, startedAt: number): Grant | null {
  const answer = parseObject(Buffer.from(body).toString('utf8'));
  const token = answer?.['token'] ?? answer?.['access_token'];
  if (typeof token !== 'string' || !/^[\u0021-\u007e]{1,16384}$/.test(token)) return null;
  const told = answer?.['expires_in'];
  const seconds =
    typeof told === 'number' && told > 0
      ? Math.min(told, lifetimeSecondsMax)
      : lifetimeSecondsDefault;
  return { header: `Bearer ${token}`, expiresAt: startedAt + seconds * 1000 - marginMs };
}
