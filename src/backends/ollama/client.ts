// Ollama's endpoints, one function each: what is sent, how long it may take, which answers are
// fine. Knows no plans and no placements. Every function throws ProblemError, or the signal's reason.
import type { ParameterValue } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import type { Details } from '../../core/observed.ts';
import type { BackendContext } from '../backend.ts';
import {
  type Call,
  type Engine,
  exchange,
  exchangeJson,
  exchangeLines,
  failed,
  parseJson,
  understood,
} from '../exchange.ts';
import { errorText } from '../wire-failures.ts';
import {
  type Listing,
  type Runner,
  readDetails,
  readListing,
  readRunners,
  readStreamEvent,
  readVersion,
  type StreamEvent,
} from './translate.ts';

/** What decides whether the engine is there. */
const aliveTimeoutMs = 3_000;
/** Listing reads every manifest in the store; a runner that starts can hold up `/api/ps`. */
const readTimeoutMs = 30_000;
/** Deleting and copying touch files of any size. */
const writeTimeoutMs = 120_000;
/** Weights are read from disk, and others may be unloaded first. */
const loadTimeoutMs = 30 * 60_000;
/** Ollama ticks every 60 ms while it fetches, and retries by itself. */
const fetchSilenceMs = 90_000;
/** It says nothing while it hashes, converts or copies a file of any size. */
const workSilenceMs = 60 * 60_000;
/** An upload is given a second for each of these, and this long on top. */
const uploadBytesPerSecondMin = 1_000_000;
const uploadGraceMs = 10 * 60_000;

export interface Running {
  readonly runners: readonly Runner[];
  /** By the engine's own clock, in milliseconds since the epoch. */
  readonly nowMs: number;
}

export async function version(engine: Engine, context: BackendContext): Promise<string> {
  const call = {
    method: 'GET',
    path: '/api/version',
    doing: 'tell its version',
    timeoutMs: aliveTimeoutMs,
  } as const;
  return (await exchangeJson(engine, context, call, readVersion)).value;
}

export async function list(engine: Engine, context: BackendContext): Promise<Listing> {
  const call = {
    method: 'GET',
    path: '/api/tags',
    doing: 'list its models',
    timeoutMs: readTimeoutMs,
  } as const;
  return (await exchangeJson(engine, context, call, readListing)).value;
}

/** Its clock is read off the answer: that of a remote machine may differ from ours. */
export async function running(engine: Engine, context: BackendContext): Promise<Running> {
  const call = {
    method: 'GET',
    path: '/api/ps',
    doing: 'list what is loaded',
    timeoutMs: readTimeoutMs,
  } as const;
  const { value, headers } = await exchangeJson(engine, context, call, readRunners);
  const dated = Date.parse(headers['date'] ?? '');
  return { runners: value, nowMs: Number.isNaN(dated) ? context.io.clock.now() : dated };
}

/** Null when there is no such model, or one that the engine itself cannot read. */
export async function show(
  engine: Engine,
  context: BackendContext,
  name: string,
): Promise<Details | null> {
  const call: Call = {
    method: 'POST',
    path: '/api/show',
    doing: `show ${name}`,
    json: { model: name },
    timeoutMs: readTimeoutMs,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status === 404 || answer.status === 500) return null;
  if (answer.status !== 200) throw failed(engine, call, answer);
  return understood(engine, call, answer, (text) => readDetails(parseJson(text)));
}

export async function hasBlob(
  engine: Engine,
  context: BackendContext,
  digest: Digest,
): Promise<boolean> {
  const call: Call = {
    method: 'HEAD',
    path: `/api/blobs/${digest}`,
    doing: 'tell which files it has',
    timeoutMs: readTimeoutMs,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status === 200 || answer.status === 404) return answer.status === 200;
  throw failed(engine, call, answer);
}

/** The engine hashes what arrives and refuses it when it is not `digest`. */
export async function upload(
  engine: Engine,
  context: BackendContext,
  digest: Digest,
  bytes: { readonly chunks: AsyncIterable<Uint8Array>; readonly length: number },
): Promise<void> {
  const call: Call = {
    method: 'POST',
    path: `/api/blobs/${digest}`,
    doing: 'take a file',
    bytes,
    timeoutMs: uploadGraceMs + (bytes.length / uploadBytesPerSecondMin) * 1000,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status !== 200 && answer.status !== 201) throw failed(engine, call, answer);
}

/** Copies a manifest byte for byte: the same digest, no space for blobs. Replaces `to`. */
export async function copy(
  engine: Engine,
  context: BackendContext,
  from: string,
  to: string,
): Promise<void> {
  const call: Call = {
    method: 'POST',
    path: '/api/copy',
    doing: `copy ${from} to ${to}`,
    json: { source: from, destination: to },
    timeoutMs: writeTimeoutMs,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status !== 200) throw failed(engine, call, answer);
}

/** Removes a name and the blobs that no other name uses. Nothing there is fine. */
export async function remove(engine: Engine, context: BackendContext, name: string): Promise<void> {
  const call: Call = {
    method: 'DELETE',
    path: '/api/delete',
    doing: `delete ${name}`,
    json: { model: name },
    timeoutMs: writeTimeoutMs,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status !== 200 && answer.status !== 404) throw failed(engine, call, answer);
}

/**
 * `plainHttp` is what Ollama calls insecure: it makes the registry's URL http, for real, and does
 * nothing about certificates.
 */
export function pull(
  engine: Engine,
  context: BackendContext,
  name: string,
  plainHttp: boolean,
): AsyncGenerator<StreamEvent> {
  return stream(engine, context, {
    method: 'POST',
    path: '/api/pull',
    doing: `pull ${name}`,
    json: { model: name, stream: true, ...(plainHttp ? { insecure: true } : {}) },
    timeoutMs: fetchSilenceMs,
    idleTimeoutMs: workSilenceMs,
  });
}

/** The fields of `/api/create` that modelctl uses. */
export interface Creation {
  readonly model: string;
  /** Either a name that is there, or uploaded files by name. */
  readonly from?: string;
  readonly files?: Readonly<Record<string, Digest>>;
  readonly system?: string;
  readonly template?: string;
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  readonly adapters?: Readonly<Record<string, Digest>>;
}

export const create = (
  engine: Engine,
  context: BackendContext,
  creation: Creation,
): AsyncGenerator<StreamEvent> =>
  stream(engine, context, {
    method: 'POST',
    path: '/api/create',
    doing: `create ${creation.model}`,
    json: { ...creation, stream: true },
    timeoutMs: workSilenceMs,
    idleTimeoutMs: workSilenceMs,
  });

async function* stream(
  engine: Engine,
  context: BackendContext,
  call: Call,
): AsyncGenerator<StreamEvent> {
  let status = '';
  const silenceMs = (): number =>
    call.path === '/api/pull' && status.startsWith('pulling') ? fetchSilenceMs : workSilenceMs;
  for await (const text of exchangeLines(engine, context, call, silenceMs)) {
    const event = understood(engine, call, { status: 200, headers: {}, text }, readStreamEvent);
    status = event.status;
    yield event;
  }
}

/** In seconds; -1 for ever. As a text, `300` and `7d` would be errors. */
const keepAliveOf = (keepAliveMs: number | 'forever'): number =>
  keepAliveMs === 'forever' ? -1 : keepAliveMs / 1000;

/**
 * Loads a model as its name says, without options: what a name bakes in is not repeated, and other
 * options would reload it for the next client. Returns when it is in memory; an abort stops it.
 */
export async function load(
  engine: Engine,
  context: BackendContext,
  name: string,
  keepAliveMs: number | 'forever' | undefined,
): Promise<void> {
  // Without a prompt, a keep_alive of 0 is the order to unload.
  const keepAlive = keepAliveMs ? { keep_alive: keepAliveOf(keepAliveMs) } : {};
  const call: Call = {
    method: 'POST',
    path: '/api/generate',
    doing: `load ${name}`,
    json: { model: name, ...keepAlive, stream: false },
    timeoutMs: loadTimeoutMs,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status === 200) return;
  if (answer.status !== 400 || !/does not support generate/.test(errorText(answer.text))) {
    throw failed(engine, call, answer);
  }
  // Only embedding models say so, and embedding nothing loads them.
  const embed: Call = {
    ...call,
    path: '/api/embed',
    json: { model: name, input: '', ...keepAlive },
  };
  const embedded = await exchange(engine, context, embed);
  if (embedded.status !== 200) throw failed(engine, embed, embedded);
}

/** Answers at once, whatever becomes of it: look at `running` until it is gone. */
export async function release(
  engine: Engine,
  context: BackendContext,
  name: string,
): Promise<void> {
  const call: Call = {
    method: 'POST',
    path: '/api/generate',
    doing: `unload ${name}`,
    json: { model: name, keep_alive: 0, stream: false },
    timeoutMs: readTimeoutMs,
  };
  const answer = await exchange(engine, context, call);
  if (answer.status !== 200 && answer.status !== 404) throw failed(engine, call, answer);
}
