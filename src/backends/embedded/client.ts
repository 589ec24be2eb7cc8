// Talking to a running engine over loopback. Each call is one request; nothing is started or
// retried from here. Throws ProblemError for what the engine refuses, HttpError when no answer came.
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import {
  type EngineStatus,
  type LoadEvent,
  type LoadRequest,
  loadHeartbeatMs,
  type RunningModel,
  type UnloadAnswer,
  type UnloadRequest,
} from '../../engine/protocol.ts';
import { HttpError, type HttpRequest, type HttpResponse, type Io } from '../../io/io.ts';

export interface EngineAddress {
  /** Without the path. */
  readonly url: string;
  /** Hold the token: never printed. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface CallContext {
  readonly io: Pick<Io, 'http'>;
  readonly signal: AbortSignal;
}

const answerMsMax = 5_000;
/** Unloading waits for the end of a process that may hold many gigabytes. */
const unloadMsMax = 60_000;
/** So many heartbeats may be lost to a machine that is busy reading a model. */
const loadSilenceMsMax = 30 * loadHeartbeatMs;
const answerBytesMax = 16 * 1024 * 1024;

export async function getStatus(
  address: EngineAddress,
  context: CallContext,
): Promise<EngineStatus> {
  const body = await call(address, context, {
    method: 'GET',
    path: '/api/status',
    timeoutMs: answerMsMax,
  });
  // Both ends are the same program, and the token says that it is ours.
  return body as EngineStatus;
}

/** Resolves when the model is in memory. `onProgress` is told a fraction from 0 to 1. */
export async function load(
  address: EngineAddress,
  context: CallContext,
  request: LoadRequest,
  onProgress: (fraction: number) => void,
): Promise<RunningModel> {
  const response = await send(address, context, {
    method: 'POST',
    path: '/api/load',
    body: request,
    timeoutMs: answerMsMax,
    idleTimeoutMs: loadSilenceMsMax,
  });
  for await (const event of events(response)) {
    if (event.status === 'loaded') return event.model;
    if (event.status === 'failed') throw new ProblemError(event.problem);
    onProgress(event.fraction);
  }
  throw new HttpError('cut', 'the engine ended its answer to a load before it was done');
}

/** False when the name kept nothing in memory. */
export async function unload(
  address: EngineAddress,
  context: CallContext,
  request: UnloadRequest,
): Promise<boolean> {
  const timeoutMs = unloadMsMax;
  const body = await call(address, context, {
    method: 'POST',
    path: '/api/unload',
    body: request,
    timeoutMs,
  });
  return (body as UnloadAnswer).unloaded;
}

/** The engine has heard; it ends soon after. */
export async function requestStop(address: EngineAddress, context: CallContext): Promise<void> {
  await call(address, context, {
    method: 'POST',
    path: '/api/stop',
    body: {},
    timeoutMs: answerMsMax,
  });
}

interface Call extends Pick<HttpRequest, 'timeoutMs' | 'idleTimeoutMs'> {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

async function call(address: EngineAddress, context: CallContext, what: Call): Promise<unknown> {
  return JSON.parse(await textOf(await send(address, context, what)));
}

async function send(
  address: EngineAddress,
  { io, signal }: CallContext,
  { method, path, body, ...times }: Call,
): Promise<HttpResponse> {
  const response = await io.http.request({
    method,
    url: `${address.url}${path}`,
    headers: { ...address.headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...times,
    signal,
  });
  if (response.status < 300) return response;
  throw new ProblemError(problemIn(await textOf(response), response.status));
}

async function textOf(response: HttpResponse): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.length;
    if (bytes > answerBytesMax) throw new HttpError('other', 'the engine sends too much');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

async function* events({ body }: HttpResponse): AsyncGenerator<LoadEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of body) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}

function problemIn(text: string, status: number): Problem {
  try {
    const { error } = JSON.parse(text) as { readonly error?: Problem };
    if (typeof error?.code === 'string') return error;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return errorProblem({
    code: 'backend/engine-failed',
    summary: 'The engine reports an error',
    detail: `The embedded engine answered with status ${status}.`,
    retry: status >= 500 ? 'later' : 'never',
  });
}
