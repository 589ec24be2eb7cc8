// The program of one model's process: takes requests from the engine over the channel, one model,
// and ends with the engine. It is a process so that a native fault loses this model only, and so
// that unloading gives all of its memory back.
import { assert } from '../core/assert.ts';
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import { type LoadedModel, loadModel } from './llama.ts';
import { badRequest } from './problems.ts';
import type { RunnerMessage, RunnerRequest, RunnerResult } from './runner-protocol.ts';

type Work = Exclude<RunnerRequest, { kind: 'abort' }>;

export function runRunner(): void {
  assert(process.send !== undefined, 'a runner is started by the engine');
  const aborts = new Map<number, AbortController>();
  let model: LoadedModel | null = null;

  const work = async (request: Work): Promise<RunnerResult> => {
    const { id } = request;
    if (request.kind === 'load') {
      model = await loadModel(request.model, (fraction) => say({ kind: 'progress', id, fraction }));
      return { actual: model.actual };
    }
    assert(model !== null, 'a request before the model was loaded');
    if (request.kind === 'embed') return model.embed(request.texts);
    if (model.chat === null) {
      throw new ProblemError(badRequest('This model makes embeddings; it does not chat.'));
    }
    const abort = new AbortController();
    aborts.set(id, abort);
    try {
      return await model.chat(request.chat, {
        signal: abort.signal,
        onText: (channel, text) => say({ kind: 'text', id, channel, text }),
      });
    } finally {
      aborts.delete(id);
    }
  };

  const answer = async (request: Work): Promise<void> => {
    const { id } = request;
    try {
      const result = await work(request);
      assert(model !== null, 'a result without a model');
      say({ kind: 'done', id, result, memory: await model.memory() });
    } catch (error) {
      say({ kind: 'failed', id, problem: problemOf(error) });
    }
  };
  process.on('message', (request: RunnerRequest) => {
    if (request.kind === 'abort') aborts.get(request.id)?.abort();
    else void answer(request);
  });
  // The engine is gone, however it went.
  process.on('disconnect', () => process.exit(0));
  // A signal meant for the engine's whole group: the engine decides what becomes of its models.
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
}

const say = (message: RunnerMessage): void => {
  // Without a channel the engine is gone, and this process is about to end.
  if (process.connected) process.send?.(message);
};

const problemOf = (error: unknown): Problem =>
  error instanceof ProblemError
    ? error.problem
    : errorProblem({
        code: 'engine/failed',
        summary: 'The model could not answer',
        detail: error instanceof Error ? error.message : String(error),
        retry: 'later',
      });
