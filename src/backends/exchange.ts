// One request to one engine: sends it with the token, bounds every wait and every answer, and
// turns silence, refusals and unreadable answers into problems. Knows no endpoint's meaning.
import type { SecretReference } from '../core/backend-reference.ts';
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import { HttpError, type HttpRequest, type HttpResponse, type Io } from '../io/io.ts';
import type { BackendContext } from './backend.ts';
import { MalformedAnswer } from './malformed-answer.ts';
import { malformedAnswer, silenceFailure, stalledStream } from './wire-failures.ts';

export interface Engine {
  /** Normalised, without a slash at its end. */
  readonly endpoint: string;
  /** For people: `Ollama at http://127.0.0.1:11434`. */
  readonly label: string;
  readonly auth: SecretReference | null;
  readonly dialect: Dialect;
}

/** Where engines of one kind differ from others, as far as an exchange with them is concerned. */
export interface Dialect {
  /** What to do where nothing listens. */
  readonly start: string;
  /** Of an answer with a status that the request cannot have; `doing` as in `pull qwen3:8b`. */
  readonly answerFailure: (
    engine: string,
    doing: string,
    answer: { readonly status: number; readonly type: string; readonly text: string },
  ) => Problem;
}

export interface Call {
  readonly method: HttpRequest['method'];
  readonly path: string;
  /** What it is for, as in `pull qwen3:8b`: for messages. */
  readonly doing: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, with its length. */
  readonly bytes?: { readonly chunks: AsyncIterable<Uint8Array>; readonly length: number };
  /** See HttpRequest. */
  readonly isRepeatable?: boolean;
  readonly timeoutMs: number;
  readonly idleTimeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** 100,000 models are listed in some 60 MB. */
const answerBytesMax = 512 * 1024 * 1024;
const lineBytesMax = 1024 * 1024;
const secretBytesMax = 64 * 1024;

/** The whole answer, whatever its status. Throws ProblemError; an abort throws its reason. */
export async function exchange(
  engine: Engine,
  context: BackendContext,
  call: Call,
): Promise<Answer> {
  const response = await send(engine, context, call, context.signal);
  return guarded(engine, context, call, async () => {
    const { status, headers } = response;
    return { status, headers, text: await readAll(response.body) };
  });
}

/** The JSON of a 200 answer; every other status is a problem. */
export async function exchangeJson<T>(
  engine: Engine,
  context: BackendContext,
  call: Call,
  read: (body: unknown) => T,
): Promise<{ readonly value: T; readonly headers: Answer['headers'] }> {
  const answer = await exchange(engine, context, call);
  if (answer.status !== 200) throw failed(engine, call, answer);
  return {
    value: understood(engine, call, answer, (text) => read(parseJson(text))),
    headers: answer.headers,
  };
}

/** Reads an answer; one that cannot be understood is a problem, and a web page another. */
export function understood<T>(
  engine: Engine,
  call: Call,
  answer: Answer,
  read: (text: string) => T,
): T {
  if (/^\s*</.test(answer.text)) throw failed(engine, call, answer);
  try {
    return read(answer.text);
  } catch (error) {
    if (!(error instanceof MalformedAnswer)) throw error;
    throw new ProblemError(malformedAnswer(engine.label, call.doing, error.message));
  }
}

export const failed = (engine: Engine, call: Call, answer: Answer): ProblemError => {
  const { status, text } = answer;
  const type = answer.headers['content-type'] ?? '';
  return new ProblemError(
    engine.dialect.answerFailure(engine.label, call.doing, { status, type, text }),
  );
};

/**
 * The lines of a streamed answer. Closes the connection when the reader stops, which is how an
 * engine is told to give up; `silenceMs` says how long it may send nothing from here on.
 */
export async function* exchangeLines(
  engine: Engine,
  context: BackendContext,
  call: Call,
  silenceMs: () => number,
): AsyncGenerator<string> {
  const closing = new AbortController();
  const signal = AbortSignal.any([context.signal, closing.signal]);
  try {
    const response = await send(engine, context, call, signal);
    if (response.status !== 200) {
      const { status, headers, body } = response;
      const text = await guarded(engine, context, call, () => readAll(body));
      throw failed(engine, call, { status, headers, text });
    }
    const chunks = response.body[Symbol.asyncIterator]();
    let rest = '';
    const decoder = new TextDecoder();
    for (;;) {
      const limitMs = silenceMs();
      const chunk = await within(
        context.io,
        limitMs,
        guarded(engine, context, call, () => chunks.next()),
      );
      if (chunk === 'silent') throw stalledStream(engine.label, call.doing, limitMs);
      if (chunk.done === true) break;
      rest += decoder.decode(chunk.value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line.trim() !== '');
      if (rest.length > lineBytesMax) {
        throw new ProblemError(
          malformedAnswer(engine.label, call.doing, 'A line of the stream never ends.'),
        );
      }
    }
    if (rest.trim() !== '') yield rest;
  } finally {
    closing.abort();
  }
}

async function within<T>(io: Io, limitMs: number, work: Promise<T>): Promise<T | 'silent'> {
  const timer = new AbortController();
  try {
    const silence = io.clock.sleep(limitMs, timer.signal).then((): 'silent' => 'silent');
    return await Promise.race([work, silence]);
  } finally {
    timer.abort();
  }
}

async function send(
  engine: Engine,
  context: BackendContext,
  call: Call,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { method, path, json, bytes, timeoutMs, idleTimeoutMs, isRepeatable = false } = call;
  const headers = {
    ...(await authorization(engine, context.io)),
    ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(bytes === undefined
      ? {}
      : { 'Content-Type': 'application/octet-stream', 'Content-Length': String(bytes.length) }),
  };
  const body = json === undefined ? bytes?.chunks : JSON.stringify(json);
  return guarded(engine, context, call, () =>
    context.io.http.request({
      method,
      url: `${engine.endpoint}${path}`,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(isRepeatable ? { isRepeatable } : {}),
      timeoutMs,
      ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
      signal,
    }),
  );
}

/** Runs a step of a call; what its ports and readers throw becomes a problem that names the call. */
async function guarded<T>(
  engine: Engine,
  context: BackendContext,
  call: Call,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof HttpError) {
      throw new ProblemError(
        silenceFailure(engine.label, call.doing, error, engine.dialect.start),
        {
          cause: error,
        },
      );
    }
    if (error instanceof MalformedAnswer) {
      throw new ProblemError(malformedAnswer(engine.label, call.doing, error.message));
    }
    throw error;
  }
}

/** The header with the token, read at each use and kept nowhere. Throws ProblemError. */
export async function authorization(
  engine: Engine,
  io: Io,
): Promise<Readonly<Record<string, string>>> {
  const { auth } = engine;
  if (auth === null) return {};
  const token = 'env' in auth ? io.environment.get(auth.env) : await readSecret(io, auth.file);
  const trimmed = token?.trim() ?? '';
  if (trimmed !== '' && !/[^\x21-\x7e]/.test(trimmed))
    return { Authorization: `Bearer ${trimmed}` };
  const where = 'env' in auth ? `the environment variable ${auth.env}` : `the file ${auth.file}`;
  throw new ProblemError(
    errorProblem({
      code: 'backend/no-token',
      summary: 'The token for an engine cannot be read',
      detail: `${engine.label} is to get the token from ${where}, which holds none that can be sent.`,
      remedy: 'Put the token there, or correct spec.auth of the Backend.',
      retry: 'later',
    }),
  );
}

/** Undefined when it is not there or may not be read: either way there is no token. */
const readSecret = (io: Io, path: string): Promise<string | undefined> =>
  io.files.readBytes(path, secretBytesMax).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => undefined,
  );

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new MalformedAnswer('The answer is too long.');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedAnswer('The answer is no JSON.');
  }
}
