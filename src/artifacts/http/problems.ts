// What went wrong on the wire, as problems of a source: no answer, an answer that is none, a body
// that was cut. A server that is down or busy may answer later; one that says no will not.
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { HttpError } from '../../io/io.ts';
import { shownUrl } from './address.ts';
import { askedWaitMs } from './asked-wait.ts';
import type { Answer } from './follow.ts';

/** What was asked for, as the object of a sentence: `the manifest of qwen3:8b`. */
export interface Asked {
  readonly what: string;
  readonly url: URL;
  readonly signal: AbortSignal;
  /** What to do when it is not there. */
  readonly ifMissing: string;
  /** What a status means to those who know the server better; null: what it means anywhere. */
  readonly explain?: (answer: Answer) => Problem | null;
}

/**
 * Turns what the http port threw into a ProblemError; an abort and our own bugs stay what they
 * are. Always throws.
 */
export function throwWireProblem(error: unknown, asked: Asked): never {
  asked.signal.throwIfAborted();
  if (!(error instanceof HttpError)) throw error;
  throw new ProblemError(unreachable(error, asked), { cause: error });
}

const reasons: Record<HttpError['reason'], string> = {
  refused: 'the connection was refused',
  unresolved: 'its name could not be resolved',
  timeout: 'it did not answer in time',
  cut: 'the connection was cut',
  tls: 'no trusted encrypted connection could be made',
  proxy: 'the proxy did not let the request through',
  other: 'the request failed',
};

const unreachable = (error: HttpError, asked: Asked): Problem =>
  errorProblem({
    code: error.reason === 'cut' ? 'source/cut' : 'source/unreachable',
    summary: 'A source did not answer',
    detail: `Asked ${asked.url.host} for ${asked.what}: ${reasons[error.reason]}${furtherWords(error)}.`,
    remedy: remedyFor(error, asked.url),
    retry: 'later',
  });

function remedyFor({ reason }: HttpError, { origin }: URL): string {
  if (reason === 'tls') {
    return `If an authority of your own has signed its certificate, name that in caBundle of a Registry for ${origin}.`;
  }
  if (reason === 'proxy') {
    return `Check HTTPS_PROXY and NO_PROXY, or spec.proxy of a Registry for ${origin}.`;
  }
  return 'Check the network, the proxy and the address; what is there already stays usable.';
}

/** What only the port knows: which authority is missing, what the proxy answered. */
const furtherWords = ({ reason, message }: HttpError): string =>
  reason === 'tls' || reason === 'proxy' ? ` (${message})` : '';

/** For any status that is not the one hoped for. */
export function statusProblem(answer: Answer, asked: Asked): Problem {
  const own = asked.explain?.(answer) ?? null;
  if (own !== null) return own;
  const { status } = answer.response;
  const said = `${shownUrl(answer.url)} answered ${status} when asked for ${asked.what}.`;
  if (status === 401 || status === 403) {
    return errorProblem({
      code: 'source/unauthorized',
      summary: 'A source refuses access',
      detail: `${said} It may be private, or not exist: servers often do not say which.`,
      remedy: `Check the name, and spec.auth of a Registry for ${asked.url.origin}. ${asked.ifMissing}`,
    });
  }
  if (status === 404 || status === 410) {
    return errorProblem({
      code: 'source/not-found',
      summary: 'A source does not exist',
      detail: said,
      remedy: asked.ifMissing,
    });
  }
  if (status === 429 || status === 408) {
    return errorProblem({
      code: 'source/rate-limited',
      summary: 'A source asks to come back later',
      detail: `${said}${waitAsked(answer.response.headers)}`,
      remedy: 'Run the same command again later.',
      retry: 'later',
      ...retryAfter(answer.response.headers),
    });
  }
  return errorProblem({
    code: 'source/unexpected-answer',
    summary: 'A source gave an unexpected answer',
    detail: `${said}${waitAsked(answer.response.headers)}`,
    remedy:
      status >= 500
        ? 'The server has a fault of its own; run the same command again later.'
        : 'Check that the address is that of the file or registry itself.',
    retry: status >= 500 ? 'later' : 'never',
  });
}

/** Of a date nothing: how far off it is, only a clock knows. */
function retryAfter(headers: Readonly<Record<string, string>>): Pick<Problem, 'retryAfterMs'> {
  const waitMs = /[a-z]/i.test(headers['retry-after'] ?? '') ? null : askedWaitMs(headers, 0);
  return waitMs === null ? {} : { retryAfterMs: waitMs };
}

const secondsShownMax = 86_400;

/** A date is told as it stands. */
function waitAsked(headers: Readonly<Record<string, string>>): string {
  const said = headers['retry-after']?.trim() ?? '';
  if (/^[A-Za-z0-9,: ]{10,40}$/.test(said) && !Number.isNaN(Date.parse(said))) {
    return ` It asks to wait until ${said}.`;
  }
  const waitMs = askedWaitMs(headers, 0);
  if (waitMs === null) return '';
  const seconds = Math.round(waitMs / 1000);
  return seconds <= secondsShownMax
    ? ` It asks to wait ${seconds} s.`
    : ' It asks to wait longer than a day.';
}
