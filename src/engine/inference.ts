// The two questions that clients ask: continue a conversation, turn texts into vectors. A model
// that is not in memory is loaded first, as it is configured.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ProblemError } from '../core/problem.ts';
import { findModel, type ServedModel } from './catalog.ts';
import type { Engine } from './engine.ts';
import {
  type AnswerHead,
  completion,
  completionChunk,
  embeddings,
  errorBody,
  lastChunk,
  usageChunk,
} from './openai-answer.ts';
import {
  type ChatRequest,
  chatJob,
  parseChatRequest,
  parseEmbeddingRequest,
} from './openai-request.ts';
import type { Resident } from './resident.ts';
import type { ChatResult } from './runner-protocol.ts';
import type { Exchange } from './server.ts';

export async function chatRoute(engine: Engine, exchange: Exchange): Promise<void> {
  const request = parseChatRequest(exchange.body);
  const model = await findModel(engine.store, request.model);
  const head: AnswerHead = {
    id: `chatcmpl-${randomUUID()}`,
    model: request.model,
    createdAt: Date.now(),
  };
  await engine.pool.use(model, (resident) =>
    request.stream
      ? streamChat(resident, model, request, head, exchange)
      : answerChat(resident, model, request, head, exchange),
  );
}

async function answerChat(
  resident: Resident,
  { recipe }: ServedModel,
  request: ChatRequest,
  head: AnswerHead,
  { signal, json }: Exchange,
): Promise<void> {
  const result = await resident.chat(chatJob(request, recipe), { signal });
  if (!signal.aborted) json(200, completion(head, result));
}

/** The stream begins with the first words: what is wrong with a request still gets its status. */
async function streamChat(
  resident: Resident,
  { recipe }: ServedModel,
  request: ChatRequest,
  head: AnswerHead,
  { signal, stream }: Exchange,
): Promise<void> {
  let response: ServerResponse | null = null;
  const say = (data: unknown): void => {
    if (response === null) {
      response = stream('text/event-stream');
      response.write(event(completionChunk(head, { role: 'assistant', content: '' })));
    }
    if (!response.destroyed) response.write(event(data));
  };
  let result: ChatResult;
  try {
    result = await resident.chat(chatJob(request, recipe), {
      signal,
      onMessage: (message) => {
        if (message.kind !== 'text') return;
        const { channel, text } = message;
        say(
          completionChunk(
            head,
            channel === 'text' ? { content: text } : { reasoning_content: text },
          ),
        );
      },
    });
  } catch (error) {
    if (response === null || !(error instanceof ProblemError)) throw error;
    say(errorBody(error.problem));
    (response as ServerResponse).end();
    return;
  }
  say(lastChunk(head, result));
  if (request.streamUsage) say(usageChunk(head, result));
  if (response !== null) (response as ServerResponse).end('data: [DONE]\n\n');
}

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

export async function embeddingsRoute(engine: Engine, exchange: Exchange): Promise<void> {
  const request = parseEmbeddingRequest(exchange.body);
  const model = await findModel(engine.store, request.model);
  const result = await engine.pool.use(model, (resident) =>
    resident.embed(request.texts, { signal: exchange.signal }),
  );
  exchange.json(200, embeddings(request.model, result, request.encoding));
}
