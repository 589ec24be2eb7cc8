// Wire I/O with a registry that speaks Ollama's protocol: manifests by tag, blobs by digest, and
// tokens for those who have no key. Returns bytes; what they mean is translate.ts.
import type { Digest } from '../../../core/digest.ts';
import { type OllamaName, shortOllamaName } from '../../../core/ollama-name.ts';
import { errorProblem, ProblemError } from '../../../core/problem.ts';
import type { Http } from '../../../io/io.ts';
import { refusalOf, shownUrl } from '../../http/address.ts';
import { discard, readAtMost } from '../../http/body.ts';
import { type Answer, follow } from '../../http/follow.ts';
import { bodyIdleTimeoutMs, headersTimeoutMs, openRange } from '../../http/open-range.ts';
import { type Asked, statusProblem, throwWireProblem } from '../../http/problems.ts';
import { addressOn, type Route } from '../../registries/route.ts';
import type { FilePart, OpenedFile, SourceContext } from '../../source.ts';
import { registryPath, suggestName } from './reference.ts';

const manifestBytesMax = 4 * 1024 * 1024;
export const configBytesMax = 1024 * 1024;
const tokenBytesMax = 64 * 1024;
/** For a manifest, config or token as a whole, however slowly it trickles in. */
const smallReadTimeoutMs = 60_000;

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

export interface RegistryClient {
  /** The manifest of the name's tag, byte for byte. Throws ProblemError. */
  readonly manifest: () => Promise<Uint8Array>;
  /** A small blob; null when it is larger than `bytesMax`. Throws ProblemError. */
  readonly smallBlob: (digest: Digest, bytesMax: number) => Promise<Uint8Array | null>;
  readonly openBlob: (digest: Digest, part: FilePart) => Promise<OpenedFile>;
}

type Context = Pick<SourceContext, 'io' | 'signal'> & { readonly http: Http };

/** One conversation about one name: a token that the registry hands out is used for all of it. */
export function registryClient(
  name: OllamaName,
  route: Route,
  { io, signal }: SourceContext,
): RegistryClient {
  const context = { io, signal, http: route.http };
  const url = (kind: 'manifests' | 'blobs', what: string): URL =>
    addressOn(route, registryPath(name, kind, what));
  let token: string | null = null;
  const bearer = (): Readonly<Record<string, string>> =>
    token === null ? {} : { Authorization: `Bearer ${token}` };
  const short = shortOllamaName(name);
  const asking = (what: string, at: URL): Asked => ({
    what,
    url: at,
    signal,
    ifMissing: suggestName(name),
  });

  const read = async (
    asked: Asked,
    accept: string,
    bytesMax: number,
  ): Promise<Uint8Array | null> => {
    try {
      let answer = await get(asked, context, { Accept: accept, ...bearer() });
      if (answer.response.status === 401 && token === null) {
        await discard(answer.response.body);
        token = await anonymousToken(answer, asked, context);
        answer = await get(asked, context, { Accept: accept, ...bearer() });
      }
      return await readBody(answer, asked, context, bytesMax);
    } catch (error) {
      return throwWireProblem(error, asked);
    }
  };

  const readManifest = async (): Promise<Uint8Array> => {
    const asked = asking(`the manifest of ${short}`, url('manifests', name.tag));
    const bytes = await read(asked, manifestType, manifestBytesMax);
    if (bytes === null)
      throw tooLarge(asked.url, `a manifest of more than ${manifestBytesMax} bytes`);
    return bytes;
  };

  return {
    manifest: readManifest,
    smallBlob: (digest, bytesMax) =>
      read(asking(`the configuration of ${short}`, url('blobs', digest)), '*/*', bytesMax),
    openBlob: async (digest, part) => {
      const asked = asking(`a blob of ${short}`, url('blobs', digest));
      const open = () => openRange(route.http, { ...asked, ...part, headers: bearer() });
      const opened = await open().catch((error: unknown) => {
        if (isUnauthorized(error) && token === null) return null;
        throw error;
      });
      if (opened !== null) return opened;
      // A registry that wants a token says so with the manifest too, which is small to ask for.
      await readManifest();
      return open();
    },
  };
}

const isUnauthorized = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.code === 'source/unauthorized';

const get = (
  asked: { readonly url: URL; readonly signal: AbortSignal },
  context: Context,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> =>
  follow(context.http, {
    method: 'GET',
    url: asked.url,
    headers,
    timeoutMs: headersTimeoutMs,
    idleTimeoutMs: bodyIdleTimeoutMs,
    signal: asked.signal,
  });

async function readBody(
  answer: Answer,
  asked: Asked,
  context: Context,
  bytesMax: number,
): Promise<Uint8Array | null> {
  if (answer.response.status !== 200) {
    await discard(answer.response.body);
    throw new ProblemError(statusProblem(answer, asked));
  }
  return readAtMost(answer.response.body, {
    bytesMax,
    timeoutMs: smallReadTimeoutMs,
    clock: context.io.clock,
  });
}

/**
 * What a registry gives to anyone who asks (backends reference: Ollama itself signs this request
 * with the server's key, which modelctl has no part in). The realm must be the registry's own
 * host, as Ollama demands too.
 */
async function anonymousToken(denied: Answer, asked: Asked, context: Context): Promise<string> {
  const challenge = denied.response.headers['www-authenticate'] ?? '';
  const realm = URL.parse(parameter(challenge, 'realm') ?? '');
  if (!/^bearer\s/i.test(challenge) || realm === null) {
    throw new ProblemError(statusProblem(denied, asked));
  }
  if (realm.host !== asked.url.host || refusalOf(realm, asked.url) !== null) {
    throw new ProblemError(
      errorProblem({
        code: 'source/unauthorized',
        summary: 'A source refuses access',
        detail: `${asked.url.host} sends for a token to ${shownUrl(realm)}, which is not its own address.`,
        remedy: 'Check the registry; modelctl asks for tokens at the registry itself only.',
      }),
    );
  }
  for (const key of ['service', 'scope']) {
    const value = parameter(challenge, key);
    if (value !== null) realm.searchParams.set(key, value);
  }
  const asks = { ...asked, url: realm, what: `leave to read ${asked.what}` };
  const answer = await get(asks, context, { Accept: 'application/json' });
  const body = await readBody(answer, asks, context, tokenBytesMax);
  const token = body === null ? null : tokenIn(body);
  if (token === null) throw new ProblemError(statusProblem(denied, asked));
  return token;
}

const parameter = (challenge: string, key: string): string | null =>
  new RegExp(`[\\s,]${key}="([^"]{1,2048})"`, 'i').exec(challenge)?.[1] ?? null;

function tokenIn(body: Uint8Array): string | null {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null; // not JSON: no token either, which the caller reports
  }
  if (typeof answer !== 'object' || answer === null) return null;
  const token =
    'token' in answer ? answer.token : 'access_token' in answer ? answer.access_token : null;
  return typeof token === 'string' && /^[\u0021-\u007e]{1,8192}$/.test(token) ? token : null;
}

const tooLarge = (url: URL, what: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'source/too-large',
      summary: 'A source sends more than it may',
      detail: `${shownUrl(url)} sends ${what}.`,
      remedy: 'Check that the address is that of a model registry.',
    }),
  );
