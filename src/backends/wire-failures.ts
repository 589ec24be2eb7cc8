// Silences of engines, and answers that nobody understands, as problems: the same words whichever
// engine it is. Pure.
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import type { HttpError } from '../io/io.ts';

/** What an answer says is wrong. */
export function errorText(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'error' in value) {
      return textIn(value.error);
    }
  } catch {
    // Not JSON: the text itself is all there is to say.
  }
  return text.trim();
}

/** Some send a text, others an object with a message. */
function textIn(error: unknown): string {
  if (typeof error === 'string') return error;
  const isObject = typeof error === 'object' && error !== null && 'message' in error;
  return isObject && typeof error.message === 'string' ? error.message : JSON.stringify(error);
}

export const malformedAnswer = (engine: string, doing: string, why: string): Problem =>
  errorProblem({
    code: 'backend/malformed-answer',
    summary: 'The answer of the engine cannot be understood',
    detail: `${engine} was asked to ${doing}. ${why} Nothing is done on such an answer.`,
    remedy: 'See what answers there, and whether its version is one that modelctl knows.',
    retry: 'later',
  });

const silences = {
  unresolved: ['backend/unreachable', 'the name cannot be resolved', 'Correct its endpoint.'],
  timeout: [
    'backend/unreachable',
    'it did not answer in time',
    'See whether the machine is up and not overloaded.',
  ],
  cut: ['backend/connection-lost', 'the connection was cut', 'Apply again.'],
  tls: [
    'backend/unreachable',
    'no secure connection could be made',
    'See that its certificate is valid and trusted.',
  ],
  proxy: ['backend/unreachable', 'the proxy is at fault', 'Check the proxy that is set.'],
  other: ['backend/unreachable', 'the request failed', 'See that its endpoint is right.'],
} as const satisfies Record<
  Exclude<HttpError['reason'], 'refused'>,
  readonly [string, string, string]
>;

/** `start` is how the engine is started where nothing listens. */
export function silenceFailure(
  engine: string,
  doing: string,
  error: HttpError,
  start: string,
): Problem {
  const { reason } = error;
  const [code, why, remedy] =
    reason === 'refused'
      ? (['backend/unreachable', 'nothing listens there', start] as const)
      : silences[reason];
  const detail = `${engine} could not be asked to ${doing}: ${why} (${error.message}).`;
  return errorProblem({
    code,
    summary: 'The engine does not answer',
    detail,
    remedy,
    retry: 'later',
  });
}

export const stalledStream = (engine: string, doing: string, silentMs: number): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'backend/stalled',
      summary: 'The engine has gone silent',
      detail: `${engine} was to ${doing} and sent nothing for ${Math.round(silentMs / 1000)} seconds.`,
      remedy: 'Apply again: what was fetched is kept for a while.',
      retry: 'later',
    }),
  );
