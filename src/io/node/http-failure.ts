// Names why no answer came. It is reported as error codes of five layers (resolver, socket, TLS, HTTP
// parser, undici); callers only need to tell a host that is down from one that is slow or cut us off.
import { errorCode } from '../error-code.ts';
import { HttpError } from '../io.ts';

type Reason = HttpError['reason'];

const reasons: Readonly<Record<string, readonly [Reason, string]>> = {
  ECONNREFUSED: ['refused', 'nothing listens there'],
  EHOSTUNREACH: ['refused', 'the host cannot be reached'],
  EHOSTDOWN: ['refused', 'the host is down'],
  ENETUNREACH: ['refused', 'the network cannot be reached'],
  ENOTFOUND: ['unresolved', 'the host name is not known'],
  EAI_AGAIN: ['unresolved', 'the host name could not be looked up now'],
  ETIMEDOUT: ['timeout', 'no connection in time'],
  ECONNRESET: ['cut', 'the connection was cut'],
  ECONNABORTED: ['cut', 'the connection was cut'],
  EPIPE: ['cut', 'the connection was cut'],
  ERR_STREAM_PREMATURE_CLOSE: ['cut', 'the connection was cut'],
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'no connection in time'],
  UND_ERR_SOCKET: ['cut', 'the connection was cut'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['cut', 'the connection was cut'],
  HPE_INVALID_EOF_STATE: ['cut', 'the connection was cut'],
  EPROTO: ['tls', 'no TLS connection could be made'],
};

/** OpenSSL's verification results are codes of their own, without a common prefix. */
const tlsCode =
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_)/;

/** `request` is how the request is called in messages, as by `requestName`. */
export function httpErrorFrom(error: unknown, request: string): HttpError {
  if (error instanceof HttpError) return error;
  const { reason, words } = failureOf(error);
  return new HttpError(reason, `${request}: ${words}`, { cause: error });
}

/** `nothing listens there (ECONNREFUSED)`. */
export const failureWords = (error: unknown): string => failureOf(error).words;

function failureOf(error: unknown): { readonly reason: Reason; readonly words: string } {
  // One error per address tried, when a name has several.
  const cause: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = errorCode(cause) ?? '';
  const [reason, words] =
    reasons[code] ??
    (tlsCode.test(code)
      ? (['tls', `no trusted TLS connection: ${messageOf(cause)}`] as const)
      : (['other', messageOf(cause)] as const));
  return { reason, words: `${words}${code === '' ? '' : ` (${code})`}` };
}

/** Without user, password and query: those carry tokens and signatures. */
export const requestName = (method: string, url: URL): string =>
  `${method} ${url.protocol}//${url.host}${url.pathname}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
