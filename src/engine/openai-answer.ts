// Answers in the OpenAI protocol: the shapes that its clients parse. Pure.
import type { Problem } from '../core/problem.ts';
import { statusOf } from './problems.ts';
import type { ChatResult, EmbedResult } from './runner-protocol.ts';

/** What all parts of one answer share. `id` is unique; `createdAt` in milliseconds. */
export interface AnswerHead {
  readonly id: string;
  readonly model: string;
  readonly createdAt: number;
}

const created = ({ createdAt }: AnswerHead): number => Math.floor(createdAt / 1000);

const usageOf = (result: ChatResult) => ({
  prompt_tokens: result.promptTokens,
  completion_tokens: result.completionTokens,
  total_tokens: result.promptTokens + result.completionTokens,
});

const finishReasonOf = (result: ChatResult): string =>
  result.finishReason === 'length' ? 'length' : 'stop';

export const completion = (head: AnswerHead, result: ChatResult) => ({
  id: head.id,
  object: 'chat.completion',
  created: created(head),
  model: head.model,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: result.text,
        ...(result.reasoning === '' ? {} : { reasoning_content: result.reasoning }),
      },
      logprobs: null,
      finish_reason: finishReasonOf(result),
    },
  ],
  usage: usageOf(result),
});

/** `reasoning_content` is how other engines of local models tell a model's thinking. */
export const completionChunk = (
  head: AnswerHead,
  delta: {
    readonly role?: 'assistant';
    readonly content?: string;
    readonly reasoning_content?: string;
  },
  finishReason: string | null = null,
) => ({
  id: head.id,
  object: 'chat.completion.chunk',
  created: created(head),
  model: head.model,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
});

export const lastChunk = (head: AnswerHead, result: ChatResult) =>
  completionChunk(head, {}, finishReasonOf(result));

export const usageChunk = (head: AnswerHead, result: ChatResult) => ({
  ...completionChunk(head, {}),
  choices: [],
  usage: usageOf(result),
});

export const embeddings = (model: string, result: EmbedResult, encoding: 'float' | 'base64') => ({
  object: 'list',
  model,
  data: result.vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding === 'float' ? vector : base64Floats(vector),
  })),
  usage: { prompt_tokens: result.promptTokens, total_tokens: result.promptTokens },
});

/** 32-bit floats, little-endian. */
function base64Floats(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}

export const modelList = (names: readonly string[], createdAt: number) => ({
  object: 'list',
  data: names.map((id) => ({
    id,
    object: 'model',
    created: Math.floor(createdAt / 1000),
    owned_by: 'modelctl',
  })),
});

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
};

export const errorBody = (problem: Problem) => ({
  error: {
    message: [problem.detail, problem.remedy].filter(Boolean).join(' ').replaceAll(/\s+/g, ' '),
    type: errorTypes[statusOf(problem)] ?? 'api_error',
    param: null,
    code: problem.code,
  },
});
