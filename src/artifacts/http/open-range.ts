// A file over HTTP, whole or from some byte on. It is told apart whether the server sent the part
// that was asked for or, not knowing ranges or having another version by now, all of it.
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { OnWait } from '../../core/progress.ts';
import type { ByteRange, Http } from '../../io/io.ts';
import type { OpenedFile } from '../source.ts';
import { shownUrl } from './address.ts';
import { discard } from './body.ts';
import { type Answer, follow, forAnyServer } from './follow.ts';
import { type Asked, statusProblem, throwWireProblem } from './problems.ts';
import { isExpired, type RedirectMemory } from './redirect-memory.ts';

export const headersTimeoutMs = 30_000;
export const bodyIdleTimeoutMs = 60_000;

export interface RangeRequest extends Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly range?: ByteRange;
  readonly validator?: string;
  /** The chunks are not kept: see HttpRequest. */
  readonly lendsChunks?: boolean;
  readonly onWait?: OnWait | undefined;
  /** Of earlier parts of the same file. */
  readonly redirects?: RedirectMemory;
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
  /** See `follow`. */
  readonly inspect?: (answer: Answer) => void;
}

/** Throws ProblemError, also from `bytes` when the connection breaks. */
export async function openRange(http: Http, request: RangeRequest): Promise<OpenedFile> {
  const answer = await ask(http, request);
  const { status, headers } = answer.response;
  if (status === 416 && request.range !== undefined) {
    // Nothing is at that place: the file is shorter than what we have of it. Take it whole.
    await discard(answer.response.body);
    const { range: _range, validator: _validator, ...whole } = request;
    return openRange(http, whole);
  }
  if (status !== 200 && status !== 206) {
    await discard(answer.response.body);
    throw new ProblemError(statusProblem(answer, request));
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') return reject(answer, 'sends it compressed, unasked');
  const bytes = translated(answer.response.body, request);
  const validator = validatorOf(answer);
  if (status === 200) {
    const totalBytes = parseLength(headers['content-length']);
    return { start: 0, end: totalBytes, totalBytes, validator, bytes };
  }
  const range = parseContentRange(headers['content-range']);
  if (range === null || range.start !== (request.range?.start ?? 0)) {
    return reject(answer, 'sends another part than was asked for');
  }
  return { ...range, validator, bytes };
}

async function ask(http: Http, request: RangeRequest): Promise<Answer> {
  const { range, redirects, lendsChunks = false } = request;
  const known = redirects?.get() ?? null;
  const version = range === undefined ? null : versionAt(known ?? request.url, request.validator);
  const isElsewhere = known !== null && known.origin !== request.url.origin;
  try {
    const answer = await follow(http, {
      method: 'GET',
      url: known ?? request.url,
      lendsChunks,
      onWait: request.onWait,
      headers: {
        ...(isElsewhere ? forAnyServer(request.headers ?? {}) : request.headers),
        'Accept-Encoding': 'identity',
        ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end ?? ''}` }),
        ...(version === null ? {} : { 'If-Range': version }),
      },
      timeoutMs: request.timeoutMs ?? headersTimeoutMs,
      idleTimeoutMs: request.idleTimeoutMs ?? bodyIdleTimeoutMs,
      signal: request.signal,
      inspect: request.inspect,
    });
    if (known !== null && isExpired(answer.response.status)) {
      await discard(answer.response.body);
      redirects?.forget();
      return await ask(http, request);
    }
    const isKnown = answer.url.href === (known ?? request.url).href;
    if (!isKnown) redirects?.set(answer.url);
    return answer;
  } catch (error) {
    redirects?.forget();
    return throwWireProblem(error, request);
  }
}

// Not a generator: cancelling one that was never begun would leave the connection open.
const translated = (body: AsyncIterable<Uint8Array>, asked: Asked): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]() {
    const chunks = body[Symbol.asyncIterator]();
    return {
      next: () => chunks.next().catch((error: unknown) => throwWireProblem(error, asked)),
      return: async () => {
        await chunks.return?.();
        return { done: true, value: undefined };
      },
    };
  },
});

async function reject(answer: Answer, why: string): Promise<never> {
  await discard(answer.response.body);
  throw new ProblemError(
    errorProblem({
      code: 'source/unexpected-answer',
      summary: 'A source gave an unexpected answer',
      detail: `${shownUrl(answer.url)} ${why}.`,
      remedy: 'Name an address that serves the file as it is.',
    }),
  );
}

/**
 * With whose name it is: mirrors, and the stores that a hub redirects to, each have names of their own
 * for the same bytes.
 */
function validatorOf({ url, response: { headers } }: Answer): string | null {
  const version = versionIn(headers);
  return version === null ? null : `${url.origin} ${version}`;
}

// Only a strong ETag may stand in If-Range; a date is the next best (RFC 9110, 13.1.5).
function versionIn(headers: Readonly<Record<string, string>>): string | null {
  const tag = headers['etag'];
  if (tag !== undefined && /^"[\u0021\u0023-\u007e]{1,1024}"$/.test(tag)) return tag;
  const date = headers['last-modified'];
  return date !== undefined && /^[A-Za-z0-9,: ]{1,64}$/.test(date) ? date : null;
}

/** What the server that is asked called it; null when that was another one. */
const versionAt = ({ origin }: URL, validator: string | undefined): string | null =>
  validator?.startsWith(`${origin} `) === true ? validator.slice(origin.length + 1) : null;

const parseLength = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;

function parseContentRange(
  text: string | undefined,
): Pick<OpenedFile, 'start' | 'end' | 'totalBytes'> | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text ?? '');
  if (match === null) return null;
  return {
    start: Number(match[1]),
    end: Number(match[2]) + 1,
    totalBytes: match[3] === '*' ? null : Number(match[3]),
  };
}
