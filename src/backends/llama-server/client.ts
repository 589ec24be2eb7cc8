// llama-server's endpoints, one function each: what is sent, how long it may take, which answers are
// fine. Throws ProblemError, or the signal's reason.
import { ProblemError } from '../../core/problem.ts';
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
import { tooOld } from './failures.ts';
import {
  type ListedModel,
  type Props,
  readEvent,
  readInUse,
  readModels,
  readProps,
} from './translate.ts';

const aliveTimeoutMs = 3_000;
const readTimeoutMs = 30_000;
/** It waits for the end of every process whose options changed, each up to its stop-timeout. */
const reloadTimeoutMs = 120_000;
const streamSilenceMs = 10 * 60_000;

const get = (path: string, doing: string, timeoutMs: number): Call => ({
  method: 'GET',
  path,
  doing,
  timeoutMs,
});

export async function props(engine: Engine, context: BackendContext): Promise<Props> {
  const call = get('/props', 'tell what it is', aliveTimeoutMs);
  return (await exchangeJson(engine, context, call, readProps)).value;
}

export async function models(
  engine: Engine,
  context: BackendContext,
): Promise<readonly ListedModel[]> {
  const call = get('/models', 'list its models', readTimeoutMs);
  return (await exchangeJson(engine, context, call, readModels)).value;
}

export type Reloaded =
  | { readonly kind: 'read'; readonly models: readonly ListedModel[] }
  /** A section, or the file, is not to its liking. */
  | { readonly kind: 'refused'; readonly detail: string };

/** Reads the presets anew; what runs with other options than these now say is ended. */
export async function reload(engine: Engine, context: BackendContext): Promise<Reloaded> {
  const call = get('/models?reload=1', 'read its presets anew', reloadTimeoutMs);
  const answer = await exchange(engine, context, call);
  if (answer.status === 500) return { kind: 'refused', detail: errorText(answer.text) };
  if (answer.status !== 200) throw failed(engine, call, answer);
  return {
    kind: 'read',
    models: understood(engine, call, answer, (text) => readModels(parseJson(text))),
  };
}

const post = (path: string, doing: string, model: string): Call => ({
  method: 'POST',
  path,
  doing,
  json: { model },
  isRepeatable: true,
  timeoutMs: readTimeoutMs,
});

/** It has begun when this resolves, or was begun already. */
export async function load(engine: Engine, context: BackendContext, id: string): Promise<void> {
  const call = post('/models/load', `load ${id}`, id);
  const answer = await exchange(engine, context, call);
  if (answer.status === 200) return;
  if (answer.status === 400 && /already running/.test(answer.text)) return;
  if (answer.status === 404) throw new ProblemError(tooOld(engine.label, 'POST /models/load'));
  throw failed(engine, call, answer);
}

/** Told to end; it does so within its stop-timeout. */
export async function unload(engine: Engine, context: BackendContext, id: string): Promise<void> {
  const call = post('/models/unload', `unload ${id}`, id);
  const answer = await exchange(engine, context, call);
  if (answer.status === 200) return;
  if (answer.status === 400 && /not (?:found|running)/.test(answer.text)) return;
  throw failed(engine, call, answer);
}

/**
 * Whether it works on a request. To be asked only of what is loaded: this question wakes what sleeps,
 * and starts anew the time after which it would.
 */
export async function inUse(
  engine: Engine,
  context: BackendContext,
  id: string,
): Promise<boolean | 'unknown'> {
  const path = `/slots?model=${encodeURIComponent(id)}&autoload=false`;
  const call = get(path, `tell what ${id} does`, readTimeoutMs);
  const answer = await exchange(engine, context, call);
  if (answer.status === 501) return 'unknown';
  // Ended meanwhile.
  if (answer.status === 400 || answer.status === 404) return false;
  if (answer.status !== 200) throw failed(engine, call, answer);
  return understood(engine, call, answer, (text) => readInUse(parseJson(text)));
}

/** Which model something happens to, from now on. */
export async function* events(engine: Engine, context: BackendContext): AsyncGenerator<string> {
  const call = get('/models/sse', 'tell what happens', readTimeoutMs);
  for await (const line of exchangeLines(engine, context, call, () => streamSilenceMs)) {
    const model = readEvent(line);
    if (model !== null) yield model;
  }
}
