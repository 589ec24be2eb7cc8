// Answering a conversation: messages in, text out, piece by piece. Each job is complete in itself;
// what a slot remembers of the job before only saves computing the same beginning again.
import type {
  ChatHistoryItem,
  ChatWrapper,
  LlamaChatResponseChunk,
  LlamaContext,
  LlamaContextSequence,
  LlamaModel,
} from 'node-llama-cpp';
import { assert } from '../core/assert.ts';
import { ProblemError } from '../core/problem.ts';
import type { Library } from './llama.ts';
import { badTemplate, contextExceeded } from './problems.ts';
import type { ChatJob, ChatMessage, ChatResult, Sampling } from './runner-protocol.ts';

export interface ChatOptions {
  readonly signal: AbortSignal;
  readonly onText: (channel: 'text' | 'reasoning', text: string) => void;
}

/** At most as many at a time as the model has slots. Throws ProblemError. */
export type Chat = (job: ChatJob, options: ChatOptions) => Promise<ChatResult>;

export function chatOf(library: Library, model: LlamaModel, context: LlamaContext): Chat {
  const free = Array.from({ length: context.totalSequences }, () => context.getSequence());
  const ownWrapper = library.resolveChatWrapper(model);
  return async (job, options) => {
    const sequence = free.shift();
    assert(sequence !== undefined, 'more conversations at a time than slots');
    try {
      const wrapper =
        job.template === undefined ? ownWrapper : templateWrapper(library, model, job.template);
      return await answer(library, model, sequence, wrapper, job, options);
    } catch (error) {
      await sequence.clearHistory();
      throw error;
    } finally {
      free.push(sequence);
    }
  };
}

function templateWrapper(library: Library, model: LlamaModel, template: string): ChatWrapper {
  try {
    return new library.JinjaTemplateChatWrapper({ template, tokenizer: model.tokenizer });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ProblemError(badTemplate(message), { cause: error });
  }
}

async function answer(
  library: Library,
  model: LlamaModel,
  sequence: LlamaContextSequence,
  wrapper: ChatWrapper,
  { messages, sampling }: ChatJob,
  { signal, onText }: ChatOptions,
): Promise<ChatResult> {
  const history = historyOf(messages);
  const promptTokens = countTokens(model, wrapper, history);
  const room = sequence.contextSize - promptTokens - reservedTokens;
  if (room <= 0) throw new ProblemError(contextExceeded(promptTokens, sequence.contextSize));
  const chat = new library.LlamaChat({ contextSequence: sequence, chatWrapper: wrapper });
  const meter = sequence.tokenMeter.getState();
  let reasoning = '';
  const onResponseChunk = (chunk: LlamaChatResponseChunk): void => {
    if (chunk.text === '') return;
    if (chunk.type === 'segment') reasoning += chunk.text;
    onText(chunk.type === 'segment' ? 'reasoning' : 'text', chunk.text);
  };
  try {
    const { response, metadata } = await chat.generateResponse(history, {
      ...samplingOptions(sampling, room),
      signal,
      stopOnAbortSignal: true,
      onResponseChunk,
    });
    return {
      text: response,
      reasoning,
      finishReason: finishReasonOf(metadata.stopReason),
      promptTokens,
      completionTokens: sequence.tokenMeter.diff(meter).usedOutputTokens,
    };
  } finally {
    chat.dispose({ disposeSequence: false });
  }
}

/** The library drops the beginning of a conversation shortly before a context is full. */
const reservedTokens = 8;

const historyOf = (messages: readonly ChatMessage[]): ChatHistoryItem[] => [
  ...messages.map(
    ({ role, text }): ChatHistoryItem =>
      role === 'assistant' ? { type: 'model', response: [text] } : { type: role, text },
  ),
  { type: 'model', response: [] },
];

function countTokens(model: LlamaModel, wrapper: ChatWrapper, history: ChatHistoryItem[]): number {
  try {
    const { contextText } = wrapper.generateContextState({ chatHistory: history });
    return contextText.tokenize(model.tokenizer).length;
  } catch (error) {
    // Rendering a template is the template's program running.
    const message = error instanceof Error ? error.message : String(error);
    throw new ProblemError(badTemplate(message), { cause: error });
  }
}

function samplingOptions(sampling: Sampling, room: number) {
  const { temperature, topK, topP, minP, seed, stop } = sampling;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topK === undefined ? {} : { topK }),
    ...(topP === undefined ? {} : { topP }),
    ...(minP === undefined ? {} : { minP }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined || stop.length === 0 ? {} : { customStopTriggers: stop }),
    ...penalties(sampling),
    maxTokens: Math.min(sampling.maxTokens ?? room, room),
  };
}

function penalties({ repeatPenalty, frequencyPenalty, presencePenalty }: Sampling) {
  if (repeatPenalty === 1 && !frequencyPenalty && !presencePenalty) {
    return { repeatPenalty: false } as const;
  }
  if (repeatPenalty === undefined && !frequencyPenalty && !presencePenalty) return {};
  return {
    repeatPenalty: {
      ...(repeatPenalty === undefined ? {} : { penalty: repeatPenalty }),
      ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
      ...(presencePenalty === undefined ? {} : { presencePenalty }),
    },
  };
}

function finishReasonOf(stopReason: string): ChatResult['finishReason'] {
  if (stopReason === 'maxTokens') return 'length';
  return stopReason === 'abort' ? 'abort' : 'stop';
}
