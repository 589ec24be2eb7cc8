// What the engine and the process of one model say to each other, as JSON over the channel that
// node opens between a program and its fork. Every request has an id and ends with one `done` or
// `failed`.
import type { LoadOptions } from '../core/desired.ts';
import type { Problem } from '../core/problem.ts';
import type { ActualOptions, MemoryUse } from './protocol.ts';

export type RunnerRequest =
  | { readonly kind: 'load'; readonly id: number; readonly model: RunnerModel }
  | { readonly kind: 'chat'; readonly id: number; readonly chat: ChatJob }
  | { readonly kind: 'embed'; readonly id: number; readonly texts: readonly string[] }
  /** Gives up a chat: it ends with what was said so far. */
  | { readonly kind: 'abort'; readonly id: number };

export interface RunnerModel {
  /** Absolute paths. */
  readonly path: string;
  readonly adapters: readonly string[];
  readonly load: LoadOptions;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
}

export interface Sampling {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly repeatPenalty?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  /** Tokens; absent: as many as the context holds. */
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
}

export interface ChatJob {
  readonly messages: readonly ChatMessage[];
  readonly sampling: Sampling;
  /** A Jinja template instead of the model's own. */
  readonly template?: string;
}

export interface LoadResult {
  readonly actual: ActualOptions;
}

export interface ChatResult {
  readonly text: string;
  /** What the model thought before it spoke; empty for models that do not. */
  readonly reasoning: string;
  readonly finishReason: 'stop' | 'length' | 'abort';
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface EmbedResult {
  readonly vectors: readonly (readonly number[])[];
  readonly promptTokens: number;
}

export type RunnerResult = LoadResult | ChatResult | EmbedResult;

export type RunnerMessage =
  | { readonly kind: 'progress'; readonly id: number; readonly fraction: number }
  | {
      readonly kind: 'text';
      readonly id: number;
      readonly channel: 'text' | 'reasoning';
      readonly text: string;
    }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly result: RunnerResult;
      readonly memory: MemoryUse;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly problem: Problem };
