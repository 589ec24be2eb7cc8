// Texts to vectors. The context for it is made when the first text comes: most models that chat
// are never asked.
import type { LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp';
import { ProblemError } from '../core/problem.ts';
import { contextExceeded } from './problems.ts';
import type { EmbedResult } from './runner-protocol.ts';

/** Throws ProblemError. */
export type Embedder = (texts: readonly string[]) => Promise<EmbedResult>;

export function embedderOf(
  model: LlamaModel,
  { contextLength, threads }: { readonly contextLength: number; readonly threads: number },
): { readonly prepare: () => Promise<void>; readonly embed: Embedder } {
  let made: Promise<LlamaEmbeddingContext> | null = null;
  const context = (): Promise<LlamaEmbeddingContext> =>
    (made ??= model.createEmbeddingContext({ contextSize: contextLength, threads }));
  return {
    prepare: async () => {
      await context();
    },
    embed: async (texts) => {
      const embedding = await context();
      const vectors: (readonly number[])[] = [];
      let promptTokens = 0;
      for (const text of texts) {
        const tokens = model.tokenize(text).length;
        // Begin and end marks are added by the model.
        if (tokens + 2 > contextLength) {
          throw new ProblemError(contextExceeded(tokens, contextLength));
        }
        promptTokens += tokens;
        const { vector } = await embedding.getEmbeddingFor(text);
        vectors.push(unitLength(vector));
      }
      return { vectors, promptTokens };
    },
  };
}

/** As llama-server, Ollama and OpenAI answer, so that a dot product is the cosine. */
function unitLength(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((one) => one / length);
}
