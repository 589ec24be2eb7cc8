// One request, and the redirects that answer it: bounded, never from https to http, never from
// the outside to this machine, and without what is for one server alone once the origin changes. What
// a status other than a redirect means is for the caller.
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { Http, HttpRequest, HttpResponse } from '../../io/io.ts';
import { refusalOf, shownUrl } from './address.ts';
import { discard } from './body.ts';

export interface Answer {
  readonly response: HttpResponse;
  /** Where the answer came from in the end. */
  readonly url: URL;
}

const redirectsMax = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface FollowRequest extends Omit<HttpRequest, 'url' | 'body'> {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  /** Shown each answer, redirects included; what it throws ends the request. */
  readonly inspect?: ((answer: Answer) => void) | undefined;
}

/** For GET and HEAD only. Throws ProblemError for a redirect that is refused, and HttpError. */
export async function follow(http: Http, asked: FollowRequest): Promise<Answer> {
  const { inspect, ...request } = asked;
  let url = request.url;
  let headers = request.headers ?? {};
  for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
    const response = await http.request({ ...request, headers, url: url.href });
    await inspected({ response, url }, inspect);
    if (!redirectStatuses.has(response.status)) return { response, url };
    await discard(response.body);
    const next = target(url, response.headers['location']);
    if (next.origin !== url.origin) headers = forAnyServer(headers);
    url = next;
  }
  throw refusedRedirect(request.url, `redirects more than ${redirectsMax} times`);
}

async function inspected(answer: Answer, inspect: FollowRequest['inspect']): Promise<void> {
  try {
    inspect?.(answer);
  } catch (error) {
    await discard(answer.response.body);
    throw error;
  }
}

function target(from: URL, location: string | undefined): URL {
  if (location === undefined) throw refusedRedirect(from, 'redirects without saying where to');
  const next = URL.parse(location, from.href);
  if (next === null) throw refusedRedirect(from, 'redirects to what is not an address');
  const refusal = refusalOf(next, from);
  if (refusal === null) return next;
  throw refusedRedirect(from, `redirects to ${shownUrl(next)}, which ${refusal}`);
}

/** Without credentials, and without a server's own name for a version of what it has. */
export const forAnyServer = (
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !['authorization', 'cookie', 'if-range'].includes(name.toLowerCase()),
    ),
  );

const refusedRedirect = (from: URL, why: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/redirect-refused',
      summary: 'A redirect is not followed',
      detail: `${shownUrl(from)} ${why}.`,
      remedy: 'Name an address that serves the file itself, over https.',
    }),
  );
