// One conversation with the Hub, or a mirror of it, about one repository: addresses, credentials,
// and small answers read whole. The token of the environment goes to the endpoint alone.
import { ProblemError } from '../../../core/problem.ts';
import type { Http } from '../../../io/io.ts';
import { discard, readAtMost } from '../../http/body.ts';
import { type Answer, follow } from '../../http/follow.ts';
import { type Asked, statusProblem, throwWireProblem } from '../../http/problems.ts';
import { addressOn, type Route } from '../../registries/route.ts';
import type { SourceContext } from '../../source.ts';
import { type HubSettings, hubToken } from './environment.ts';
import { explainRefusal } from './explain.ts';
import { type HubReference, hubPath, shortHubReference } from './reference.ts';
import { badAnswer } from './translate.ts';

type Headers = Readonly<Record<string, string>>;

export interface Connection {
  readonly http: Http;
  /** For messages. */
  readonly name: string;
  /** Path of the repository. */
  readonly repository: string;
  readonly at: (path: string) => URL;
  /** Credentials where they may go. */
  readonly headersFor: (url: URL) => Promise<Headers>;
  readonly asking: (what: string, url: URL) => Promise<Asked>;
  /** Throws ProblemError. */
  readonly readJson: (
    what: string,
    url: URL,
  ) => Promise<{ readonly answer: Answer; readonly value: unknown }>;
  /** Null when there is more than `bytesMax`. Throws ProblemError. */
  readonly readSmall: (
    what: string,
    body: AsyncIterable<Uint8Array>,
    bytesMax: number,
  ) => Promise<Uint8Array | null>;
}

const jsonBytesMax = 32 * 1024 * 1024;
/** For an answer as a whole, however slowly it trickles in. */
const smallReadTimeoutMs = 60_000;

export function connect(
  reference: HubReference,
  route: Route,
  settings: HubSettings,
  { io, signal }: SourceContext,
): Connection {
  const { http } = route;
  const name = shortHubReference(reference);
  const repository = hubPath(reference.repository);
  const at = (path: string): URL => addressOn(route, path);
  const page = at(repository);
  let authorization: Promise<Headers> | null = null;
  // A redirect or a link may have led elsewhere; what is secret does not go there.
  const headersFor = async ({ origin }: URL): Promise<Headers> =>
    origin === page.origin ? (authorization ??= authorizationFor(route, settings, io)) : {};

  const asking = async (what: string, url: URL): Promise<Asked> => {
    const hasToken = 'Authorization' in (await headersFor(page));
    return {
      what,
      url,
      signal,
      ifMissing: `Check the name, the revision and the file at ${page.href}.`,
      explain: (answer) => explainRefusal(answer, { reference, page, hasToken }),
    };
  };

  const limits = { timeoutMs: smallReadTimeoutMs, clock: io.clock };
  return {
    http,
    name,
    repository,
    at,
    headersFor,
    asking,
    readJson: async (what, url) => {
      const asked = await asking(what, url);
      try {
        const answer = await follow(http, {
          method: 'GET',
          url,
          headers: { Accept: 'application/json', ...(await headersFor(url)) },
          timeoutMs: settings.questionTimeoutMs,
          signal,
        });
        if (answer.response.status !== 200) {
          await discard(answer.response.body);
          throw new ProblemError(statusProblem(answer, asked));
        }
        const { body } = answer.response;
        const bytes = await readAtMost(body, { ...limits, bytesMax: jsonBytesMax });
        return { answer, value: parseJson(bytes, name) };
      } catch (error) {
        return throwWireProblem(error, asked);
      }
    },
    readSmall: async (what, body, bytesMax) => {
      try {
        return await readAtMost(body, { ...limits, bytesMax });
      } catch (error) {
        return throwWireProblem(error, await asking(`${what} of ${name}`, page));
      }
    },
  };
}

async function authorizationFor(
  route: Route,
  settings: HubSettings,
  io: SourceContext['io'],
): Promise<Readonly<Record<string, string>>> {
  const declared = await route.credentials();
  if (declared?.kind === 'basic') {
    const pair = Buffer.from(`${declared.username}:${declared.password}`).toString('base64');
    return { Authorization: `Basic ${pair}` };
  }
  const isEndpoint = route.base.origin === settings.endpoint.origin;
  const token = declared?.token ?? (isEndpoint ? await hubToken(io) : null);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

function parseJson(bytes: Uint8Array | null, name: string): unknown {
  if (bytes === null) {
    throw new ProblemError(badAnswer(name, `It is longer than ${jsonBytesMax} bytes.`));
  }
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new ProblemError(badAnswer(name, 'It is not JSON.')); // JSON.parse cannot say more
  }
}
