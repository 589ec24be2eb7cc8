// One question to a model and its answer as it comes, in the OpenAI protocol that every engine
// here speaks: POST /v1/chat/completions with server-sent events. Knows nothing of engines.

import type { InferenceEndpoint } from '../backends/backend.ts';
import { isObject, parseObject } from '../core/json-object.ts';
import { errorProblem, ProblemError } from '../core/problem.ts';
import { HttpError, type Io } from '../io/io.ts';

export interface Question {
  /** The served name. */
  readonly model: string;
  readonly prompt: string;
  readonly system?: string;
  readonly maxTokens?: number;
}

// An engine may first have to load many gigabytes; between two words nothing takes that long.
const firstAnswerTimeoutMs = 600_000;
const nextWordTimeoutMs = 120_000;
const lineCharactersMax = 1_048_576;
const errorCharactersMax = 65_536;

/** Parts of the answer. Throws ProblemError when there is none, or not all of it. */
export async function* ask(
  endpoint: InferenceEndpoint,
  question: Question,
  { io, signal }: { readonly io: Io; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const { model, prompt, system, maxTokens } = question;
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content: prompt },
  ];
  const body = {
    model,
    messages,
    stream: true,
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  };
  const request = io.http.request({
    method: 'POST',
    url: `${endpoint.url}/v1/chat/completions`,
    headers: { ...endpoint.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    // The same question once more, where nothing of an answer came.
    isRepeatable: true,
    timeoutMs: firstAnswerTimeoutMs,
    idleTimeoutMs: nextWordTimeoutMs,
    signal,
  });
  const response = await request.catch((error: unknown) => {
    throw explained(error, signal, (why) => refusal(model, why));
  });
  try {
    if (response.status === 200) yield* readAnswer(model, linesOf(response.body));
    else throw refusal(model, await errorText(response.body, response.status));
  } catch (error) {
    throw explained(error, signal, (why) => cutOff(model, why));
  }
}

/** What to throw for what was thrown: an abort and our own bugs stay what they are. */
function explained(
  error: unknown,
  signal: AbortSignal,
  problemOf: (why: string) => ProblemError,
): unknown {
  if (signal.aborted || !(error instanceof HttpError)) return error;
  return problemOf(error.message);
}

async function* readAnswer(model: string, lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    if (!line.startsWith('data:')) continue;
    const data = line.slice('data:'.length).trim();
    if (data === '[DONE]') return;
    const event = parseObject(data);
    const failure = messageIn(event?.['error']);
    if (failure !== null) throw refusal(model, failure);
    const text = textIn(event);
    if (text !== '') yield text;
  }
  throw cutOff(model, 'the stream ended without saying so');
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineCharactersMax)
      throw new HttpError('other', 'a line of the answer is too long');
    for (const line of lines) yield line.trimEnd();
  }
  if (rest !== '') yield rest.trimEnd();
}

async function errorText(chunks: AsyncIterable<Uint8Array>, status: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > errorCharactersMax) break;
  }
  return messageIn(parseObject(text)?.['error']) ?? `HTTP status ${status}`;
}

function textIn(event: Readonly<Record<string, unknown>> | null): string {
  const choices = event?.['choices'];
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const delta = isObject(first) ? first['delta'] : undefined;
  const content = isObject(delta) ? delta['content'] : undefined;
  return typeof content === 'string' ? content : '';
}

/** Engines say `{"error": {"message": …}}` here, and `{"error": "…"}` elsewhere. */
function messageIn(error: unknown): string | null {
  if (typeof error === 'string') return error;
  const message = isObject(error) ? error['message'] : undefined;
  return typeof message === 'string' ? message : null;
}

const refusal = (model: string, detail: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'run/no-answer',
      summary: 'The engine gave no answer',
      detail: `${model}: ${detail}`,
      remedy: `See what it is and where:\n\n    modelctl describe ${model}`,
    }),
  );

const cutOff = (model: string, why: string): ProblemError =>
  new ProblemError(
    errorProblem({
      code: 'run/cut-off',
      summary: 'The answer was cut off',
      detail: `${model}: ${why}.`,
      remedy:
        'Ask again; if it ends like this each time, look at the engine:\n\n    modelctl get backends',
      retry: 'later',
    }),
  );
