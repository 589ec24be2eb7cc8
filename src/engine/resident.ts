// One model in memory: its process, the options it runs with, and the line of requests before it.
// As many are answered at a time as it has slots; the line has an end, and so has waiting in it.
import type { LoadOptions } from '../core/desired.ts';
import { ProblemError } from '../core/problem.ts';
import type { ServedModel } from './catalog.ts';
import type { Holds } from './holds.ts';
import { busy } from './problems.ts';
import type { ActualOptions, RunningModel } from './protocol.ts';
import { type JobOptions, type Runner, startRunner } from './runner.ts';
import type {
  ChatJob,
  ChatResult,
  EmbedResult,
  LoadResult,
  RunnerResult,
} from './runner-protocol.ts';

export interface Resident {
  readonly load: LoadOptions;
  readonly holds: Holds;
  /** Resolves when it can be asked. Throws ProblemError. */
  readonly ready: (onProgress?: (fraction: number) => void) => Promise<void>;
  readonly chat: (job: ChatJob, options: JobOptions) => Promise<ChatResult>;
  readonly embed: (texts: readonly string[], options: JobOptions) => Promise<EmbedResult>;
  /** Counts as use until `leave` is called, also before a request is made. */
  readonly enter: () => { readonly leave: () => void };
  /** Nobody uses it, and no request is being answered or waiting. */
  readonly idle: () => boolean;
  readonly status: () => RunningModel;
  readonly stop: () => Promise<void>;
}

export const waitingMax = 64;
const waitingMsMax = 10 * 60_000;

export function startResident(options: {
  readonly model: ServedModel;
  readonly load: LoadOptions;
  readonly holds: Holds;
  readonly program: string;
  readonly onCrash: (how: string) => void;
  readonly onIdle: () => void;
}): Resident {
  const { model, load, holds, onIdle } = options;
  const runner = startRunner(options);
  let actual: ActualOptions | null = null;
  let lastUsedAt = Date.now();
  let users = 0;
  const line = lineOf(() => actual?.parallel ?? 1);

  const run = async <T extends RunnerResult>(
    job: Parameters<Runner['run']>[0],
    jobOptions: JobOptions,
  ): Promise<T> => {
    try {
      // The kind of a result follows from the kind of its job.
      return (await line.enter(() => runner.run(job, jobOptions), jobOptions.signal)) as T;
    } finally {
      lastUsedAt = Date.now();
    }
  };
  const idle = (): boolean => users === 0 && line.idle();

  return {
    load,
    holds,
    ready: async (onProgress) => {
      const wanted = { path: model.path, adapters: model.adapters, load };
      const result = await runner.run(
        { kind: 'load', model: wanted },
        { onMessage: (message) => message.kind === 'progress' && onProgress?.(message.fraction) },
      );
      ({ actual } = result as LoadResult);
    },
    chat: (chat, jobOptions) => run<ChatResult>({ kind: 'chat', chat }, jobOptions),
    embed: (texts, jobOptions) => run<EmbedResult>({ kind: 'embed', texts }, jobOptions),
    enter: () => {
      users += 1;
      const leave = (): void => {
        users -= 1;
        if (idle()) onIdle();
      };
      return { leave };
    },
    idle,
    status: () => ({
      files: model.files,
      state: actual === null ? 'loading' : 'ready',
      pid: runner.pid,
      load,
      actual,
      holds: holds.list(),
      ...line.counts(),
      memory: runner.memory(),
      lastUsedAt,
    }),
    stop: async () => {
      holds.stop();
      await runner.stop();
    },
  };
}

interface Line {
  readonly enter: <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;
  readonly idle: () => boolean;
  readonly counts: () => { readonly inFlight: number; readonly waiting: number };
}

function lineOf(slots: () => number): Line {
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  /** A slot that becomes free is handed to the next in line: nobody can slip in between. */
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) inFlight -= 1;
    else next();
  };
  return {
    enter: async (work, signal) => {
      if (inFlight < slots()) inFlight += 1;
      else if (waiting.length < waitingMax) await turnIn(waiting, signal);
      else
        throw new ProblemError(busy(`${waitingMax} requests are waiting for the model already.`));
      try {
        return await work();
      } finally {
        leave();
      }
    },
    idle: () => inFlight === 0 && waiting.length === 0,
    counts: () => ({ inFlight, waiting: waiting.length }),
  };
}

function turnIn(waiting: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timeout = AbortSignal.timeout(waitingMsMax);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const giveUp = (): void => {
    const at = waiting.indexOf(enter);
    if (at >= 0) waiting.splice(at, 1);
    reject(
      signal?.aborted
        ? signal.reason
        : new ProblemError(busy(`No slot was free for ${waitingMsMax / 1000} s.`)),
    );
  };
  const enter = (): void => {
    either.removeEventListener('abort', giveUp);
    resolve();
  };
  waiting.push(enter);
  if (either.aborted) giveUp();
  else either.addEventListener('abort', giveUp, { once: true });
  return promise;
}
