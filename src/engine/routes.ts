// What the engine answers at which path: the OpenAI protocol for clients, /api for modelctl.
import { loadOptionsOf } from '../artifacts/stores/oci/recipe.ts';
import { errorProblem, type Problem, ProblemError } from '../core/problem.ts';
import { findModel, listModels } from './catalog.ts';
import type { Engine } from './engine.ts';
import { chatRoute, embeddingsRoute } from './inference.ts';
import { modelList } from './openai-answer.ts';
import { badRequest } from './problems.ts';
import { type LoadEvent, loadHeartbeatMs, type UnloadAnswer } from './protocol.ts';
import type { Exchange, Routes } from './server.ts';

export const routesOf = (engine: Engine): Routes => ({
  'GET /v1/models': async ({ json }) => {
    const names = (await listModels(engine.store)).map(({ name }) => name);
    json(200, modelList(names, engine.startedAt));
  },
  'POST /v1/chat/completions': (exchange) => chatRoute(engine, exchange),
  'POST /v1/embeddings': (exchange) => embeddingsRoute(engine, exchange),
  'GET /api/status': async ({ json }) => json(200, engine.status()),
  'POST /api/load': (exchange) => loadRoute(engine, exchange),
  'POST /api/unload': async ({ body, json }) => {
    const unloaded = await engine.pool.unload(nameOf(body), body['whenIdle'] === true);
    json(200, { unloaded } satisfies UnloadAnswer);
  },
  'POST /api/stop': async ({ json }) => {
    json(202, {});
    engine.stop();
  },
});

/** Goes on when the client leaves: the model is wanted, and loading it again takes as long. */
async function loadRoute(engine: Engine, { body, stream }: Exchange): Promise<void> {
  const { load } = body;
  const options = typeof load === 'object' && load !== null ? loadOptionsOf({ ...load }) : {};
  const model = await findModel(engine.store, nameOf(body));
  const response = stream('application/x-ndjson');
  const say = (event: LoadEvent): void => {
    if (!response.destroyed) response.write(`${JSON.stringify(event)}\n`);
  };
  let fraction = 0;
  const heartbeat = setInterval(() => say({ status: 'loading', fraction }), loadHeartbeatMs);
  try {
    const onProgress = (progress: number): void => {
      fraction = progress;
    };
    say({ status: 'loaded', model: await engine.pool.load(model, { load: options, onProgress }) });
  } catch (error) {
    say({ status: 'failed', problem: problemOf(error) });
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

function nameOf(body: Exchange['body']): string {
  const { name } = body;
  if (typeof name !== 'string') throw new ProblemError(badRequest('`name` must be a name.'));
  return name;
}

/** Once an answer has begun, its status says 200: what goes wrong has to be told inside. */
const problemOf = (error: unknown): Problem =>
  error instanceof ProblemError
    ? error.problem
    : errorProblem({
        code: 'engine/failed',
        summary: 'The engine could not answer',
        detail: error instanceof Error ? error.message : String(error),
        retry: 'later',
      });
