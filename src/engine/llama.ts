// One model in this process, through node-llama-cpp. Only the process of a model imports this: a
// fault of the native side ends the process, and nothing in JavaScript can stop that.
import { availableParallelism } from 'node:os';
import type { Llama, LlamaContext, LlamaModel, LlamaOptions } from 'node-llama-cpp';
import { ProblemError } from '../core/problem.ts';
import { errorCode } from '../io/error-code.ts';
import { type Chat, chatOf } from './llama-chat.ts';
import { type Embedder, embedderOf } from './llama-embed.ts';
import { loadFailed, missingLibrary, noBinary, outOfMemory } from './problems.ts';
import type { ActualOptions, MemoryUse } from './protocol.ts';
import type { RunnerModel } from './runner-protocol.ts';

export type Library = typeof import('node-llama-cpp');

export interface LoadedModel {
  readonly actual: ActualOptions;
  readonly memory: () => Promise<MemoryUse>;
  /** Null for models that only embed. */
  readonly chat: Chat | null;
  readonly embed: Embedder;
}

/** In tokens, unless the Model asks for another: what a conversation needs, whatever was trained. */
const contextLengthDefault = 4096;

/** Throws ProblemError. `onProgress` is told a fraction from 0 to 1. */
export async function loadModel(
  wanted: RunnerModel,
  onProgress: (fraction: number) => void,
): Promise<LoadedModel> {
  const library = await importLibrary();
  const nativeErrors: string[] = [];
  const llama = await openLlama(library, wanted, nativeErrors);
  try {
    return await open(library, llama, wanted, onProgress);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    const message = [error instanceof Error ? error.message : String(error), ...nativeErrors].join(
      '; ',
    );
    const problem =
      error instanceof library.InsufficientMemoryError ? outOfMemory(message) : loadFailed(message);
    throw new ProblemError(problem, { cause: error });
  }
}

async function importLibrary(): Promise<Library> {
  try {
    return await import('node-llama-cpp');
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ProblemError(missingLibrary, { cause: error });
  }
}

/** What the native side says last is often the only explanation of a failure. */
const nativeErrorsMax = 3;

async function openLlama(
  library: Library,
  { load }: RunnerModel,
  nativeErrors: string[],
): Promise<Llama> {
  const options: LlamaOptions = {
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    gpu: load.gpuLayers === 0 ? false : 'auto',
    logLevel: library.LlamaLogLevel.error,
    logger: (_level, message) => {
      const line = message.trim();
      if (line === '' || nativeErrors.includes(line)) return;
      process.stderr.write(`${line}\n`);
      nativeErrors.push(line);
      if (nativeErrors.length > nativeErrorsMax) nativeErrors.shift();
    },
  };
  try {
    return await library.getLlama(options);
  } catch (error) {
    if (!(error instanceof library.NoBinaryFoundError)) throw error;
    throw new ProblemError(noBinary(error.message), { cause: error });
  }
}

async function open(
  library: Library,
  llama: Llama,
  { path, adapters, load }: RunnerModel,
  onProgress: (fraction: number) => void,
): Promise<LoadedModel> {
  // Its own default takes every logical core and spins on those that others use.
  const threads = load.threads ?? Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()));
  llama.maxThreads = threads;
  const model = await llama.loadModel({
    modelPath: path,
    gpuLayers: load.gpuLayers === 'all' ? 'max' : (load.gpuLayers ?? 'auto'),
    onLoadProgress: onProgress,
  });
  const contextLength = Math.min(
    load.contextLength ?? contextLengthDefault,
    model.trainContextSize,
  );
  const embedder = embedderOf(model, { contextLength, threads });
  const shared = {
    trainedContextLength: model.trainContextSize,
    gpuLayers: model.gpuLayers,
    threads,
    gpu: llama.gpu,
  };
  const memory = (): Promise<MemoryUse> => memoryOf(llama);
  if (isEmbeddingModel(model)) {
    await embedder.prepare();
    const actual = { ...shared, contextLength, parallel: 1, purpose: 'embedding' } as const;
    return { actual, memory, chat: null, embed: embedder.embed };
  }
  const context = await createContext(model, { path, adapters, load }, contextLength, threads);
  const actual = {
    ...shared,
    contextLength: context.contextSize,
    parallel: context.totalSequences,
    purpose: 'chat',
  } as const;
  return { actual, memory, chat: chatOf(library, model, context), embed: embedder.embed };
}

function createContext(
  model: LlamaModel,
  { adapters, load }: RunnerModel,
  contextLength: number,
  threads: number,
): Promise<LlamaContext> {
  const { parallel, kvCacheType, flashAttention } = load;
  const kvType = kvCacheType === undefined ? undefined : kvTypes[kvCacheType];
  // llama.cpp computes with a quantized cache of values through flash attention only.
  const flash = flashAttention ?? (kvType !== undefined && kvType !== 'F16' ? true : undefined);
  return model.createContext({
    contextSize: contextLength,
    sequences: parallel ?? 1,
    threads: { ideal: threads, min: threads },
    failedCreationRemedy: false,
    ...(flash === undefined ? {} : { flashAttention: flash }),
    ...(kvType === undefined
      ? {}
      : { experimentalKvCacheKeyType: kvType, experimentalKvCacheValueType: kvType }),
    ...(adapters.length === 0
      ? {}
      : { lora: { adapters: adapters.map((filePath) => ({ filePath })) } }),
  });
}

const kvTypes: Readonly<Record<string, 'F16' | 'Q8_0' | 'Q4_0'>> = {
  f16: 'F16',
  q8_0: 'Q8_0',
  q4_0: 'Q4_0',
};

/** Models that pool their states into one vector, or look in both directions, generate no text. */
function isEmbeddingModel(model: LlamaModel): boolean {
  const metadata: Readonly<Record<string, unknown>> = { ...model.fileInfo.architectureMetadata };
  const pooling = metadata['pooling_type'];
  const { causal } = (metadata['attention'] ?? {}) as { readonly causal?: unknown };
  return causal === false || (typeof pooling === 'number' && pooling > 0);
}

async function memoryOf(llama: Llama): Promise<MemoryUse> {
  const { cpuRam, gpuVram } = await llama.getLlamaMemoryUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    llamaBytes: cpuRam,
    vramBytes: gpuVram,
  };
}
