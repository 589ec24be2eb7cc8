// Requests in the OpenAI protocol, checked and brought into the engine's own terms. Pure. What the
// engine cannot do is refused, not ignored: an answer that silently lacks what was asked for is
// worse than an error. Throws ProblemError.
import type { ParameterValue, Recipe } from '../core/desired.ts';
import { ProblemError } from '../core/problem.ts';
import { badRequest } from './problems.ts';
import type { ChatJob, ChatMessage, Sampling } from './runner-protocol.ts';

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** What the request says itself; the recipe of the name fills in the rest. */
  readonly sampling: Sampling;
  readonly stream: boolean;
  /** Whether the last event of a stream tells the numbers of tokens. */
  readonly streamUsage: boolean;
}

export interface EmbeddingRequest {
  readonly model: string;
  readonly texts: readonly string[];
  readonly encoding: 'float' | 'base64';
}

type Fields = Readonly<Record<string, unknown>>;

const refuse = (detail: string): never => {
  throw new ProblemError(badRequest(detail));
};

export function parseChatRequest(body: Fields): ChatRequest {
  refuseUnsupported(body);
  const { messages, stream, stream_options: streamOptions } = body;
  if (!Array.isArray(messages) || messages.length === 0) {
    return refuse('`messages` must be a list with at least one message.');
  }
  return {
    model: modelOf(body),
    messages: messages.map(parseMessage),
    sampling: parseSampling(body),
    stream: stream === true,
    streamUsage: isFields(streamOptions) && streamOptions['include_usage'] === true,
  };
}

/** In OpenAI's terms these change the answer; this engine has nothing for them. */
function refuseUnsupported(body: Fields): void {
  const { tools, functions, n, logprobs, response_format: format } = body;
  const hasTools = [tools, functions].some((list) => Array.isArray(list) && list.length > 0);
  if (hasTools) refuse('This engine does not call tools: leave `tools` out.');
  if (typeof n === 'number' && n !== 1) refuse('This engine gives one answer at a time: `n` is 1.');
  if (logprobs === true)
    refuse('This engine does not tell log probabilities: leave `logprobs` out.');
  if (isFields(format) && format['type'] !== 'text') {
    refuse('This engine answers with text: `response_format` can only be {"type": "text"}.');
  }
}

const roles: Readonly<Record<string, ChatMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

function parseMessage(value: unknown, at: number): ChatMessage {
  if (!isFields(value)) return refuse(`messages[${at}] must be an object.`);
  const role = roles[String(value['role'])];
  if (role === undefined) {
    return refuse(`messages[${at}].role must be one of ${Object.keys(roles).join(', ')}.`);
  }
  const { content } = value;
  if (typeof content === 'string') return { role, text: content };
  if (!Array.isArray(content)) return refuse(`messages[${at}].content must be text.`);
  return { role, text: content.map((part) => partText(part, at)).join('') };
}

function partText(part: unknown, at: number): string {
  if (isFields(part) && part['type'] === 'text' && typeof part['text'] === 'string') {
    return part['text'];
  }
  return refuse(`messages[${at}].content may only have parts of type text.`);
}

function parseSampling(body: Fields): Sampling {
  const maxTokens = number(body, 'max_completion_tokens', 1) ?? number(body, 'max_tokens', 1);
  return defined({
    temperature: number(body, 'temperature', 0),
    topP: number(body, 'top_p', 0),
    topK: number(body, 'top_k', 0),
    minP: number(body, 'min_p', 0),
    seed: number(body, 'seed', Number.NEGATIVE_INFINITY),
    repeatPenalty: number(body, 'repeat_penalty', 0),
    frequencyPenalty: number(body, 'frequency_penalty', -2),
    presencePenalty: number(body, 'presence_penalty', -2),
    maxTokens,
    stop: stopOf(body['stop']),
  });
}

function number(body: Fields, field: string, min: number): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min) {
    return refuse(
      `\`${field}\` must be a number${min === Number.NEGATIVE_INFINITY ? '' : ` of at least ${min}`}.`,
    );
  }
  return value;
}

function stopOf(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) =>
    typeof one === 'string' ? one : refuse('`stop` must be text, or a list of texts.'),
  );
}

/** The request's own words win over the recipe's, field by field; its system prompt too. */
export function chatJob(request: ChatRequest, recipe: Recipe): ChatJob {
  const ownSystem = request.messages.some(({ role }) => role === 'system');
  const system: readonly ChatMessage[] =
    recipe.system === undefined || ownSystem ? [] : [{ role: 'system', text: recipe.system }];
  return {
    messages: [...system, ...request.messages],
    sampling: { ...recipeSampling(recipe.parameters ?? {}), ...request.sampling },
    ...(recipe.template === undefined ? {} : { template: recipe.template }),
  };
}

/** From Ollama's names of parameters, which recipes are written in. */
function recipeSampling(parameters: Readonly<Record<string, ParameterValue>>): Sampling {
  const { stop, num_predict: tokens } = parameters;
  const numeric = (name: string): number | undefined => {
    const value = parameters[name];
    return typeof value === 'number' ? value : undefined;
  };
  return defined({
    temperature: numeric('temperature'),
    topK: numeric('top_k'),
    topP: numeric('top_p'),
    minP: numeric('min_p'),
    seed: numeric('seed'),
    repeatPenalty: numeric('repeat_penalty'),
    frequencyPenalty: numeric('frequency_penalty'),
    presencePenalty: numeric('presence_penalty'),
    // Below zero: no limit.
    maxTokens: typeof tokens === 'number' && tokens > 0 ? tokens : undefined,
    stop: stop === undefined ? undefined : [stop].flat().map(String),
  });
}

export function parseEmbeddingRequest(body: Fields): EmbeddingRequest {
  const { input, encoding_format: encoding, dimensions } = body;
  if (dimensions !== undefined && dimensions !== null) {
    refuse('This engine gives vectors as long as the model makes them: leave `dimensions` out.');
  }
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (list.length === 0) refuse('`input` must not be empty.');
  return {
    model: modelOf(body),
    texts: list.map((text) =>
      typeof text === 'string' ? text : refuse('`input` must be text, or a list of texts.'),
    ),
    encoding: encoding === 'base64' ? 'base64' : 'float',
  };
}

const modelOf = (body: Fields): string =>
  typeof body['model'] === 'string'
    ? body['model']
    : refuse('`model` must be the name of a model.');

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without the fields that say nothing, so that what is spread over them stays. */
const defined = (sampling: { [K in keyof Sampling]: Sampling[K] | undefined }): Sampling =>
  Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined));
