// Loads and unloads. A load is done when the server lists the model as loaded, an unload when it no
// longer does: what it answers says only that it has begun. What happens is told by events, where they
// come, and asked for again and again in any case.
import { ProblemError } from '../../core/problem.ts';
import { HttpError } from '../../io/io.ts';
import type { BackendContext } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { notThere } from '../images/failures.ts';
import { events, load, models, unload } from './client.ts';
import { loadFailed, stuck, unloadedMeanwhile } from './failures.ts';
import { isRunning, type ListedModel } from './translate.ts';

const pollMs = 500;
/** Without any progress: a disk may be slow, and a model large. */
const loadSilenceMsMax = 15 * 60_000;
/** It has its stop-timeout, 10 s unless set otherwise, and is killed then. */
const unloadMsMax = 10 * 60_000;

/** Throws ProblemError when it does not come to be loaded. */
export async function loadModel(
  engine: Engine,
  context: BackendContext,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<void> {
  const watched = watch(engine, context, id);
  try {
    await load(engine, context, id);
    await until(
      engine,
      context,
      watched,
      { doing: `load ${name}`, limitMs: loadSilenceMsMax },
      (all) => {
        const model = all.find((one) => one.id === id);
        if (model === undefined) throw new ProblemError(notThere(name));
        if (model.exitCode !== null) {
          throw new ProblemError(loadFailed(engine.label, name, model.exitCode));
        }
        if (!isRunning(model)) throw new ProblemError(unloadedMeanwhile(engine.label, name));
        return model.state !== 'loading';
      },
    );
  } finally {
    await watched.close();
  }
}

export async function unloadModel(
  engine: Engine,
  context: BackendContext,
  id: string,
): Promise<void> {
  const watched = watch(engine, context, id);
  try {
    await unload(engine, context, id);
    await until(
      engine,
      context,
      watched,
      { doing: `unload ${id}`, limitMs: unloadMsMax },
      (all) => {
        const model = all.find((one) => one.id === id);
        return model === undefined || !isRunning(model);
      },
    );
  } finally {
    await watched.close();
  }
}

async function until(
  engine: Engine,
  context: BackendContext,
  watched: Watch,
  { doing, limitMs }: { readonly doing: string; readonly limitMs: number },
  isDone: (all: readonly ListedModel[]) => boolean,
): Promise<void> {
  const { clock } = context.io;
  let progressAt = clock.now();
  for (;;) {
    if (isDone(await models(engine, context))) return;
    if (await watched.happened()) progressAt = clock.now();
    if (clock.now() - progressAt > limitMs) {
      throw new ProblemError(stuck(engine.label, doing, limitMs));
    }
  }
}

interface Watch {
  /** Waits for something to happen, and no longer than it takes to ask again: then false. */
  readonly happened: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

function watch(engine: Engine, context: BackendContext, id: string): Watch {
  const closing = new AbortController();
  const signal = AbortSignal.any([context.signal, closing.signal]);
  let seen = 0;
  let told = 0;
  let wake: () => void = () => undefined;
  const listen = async (): Promise<void> => {
    try {
      for await (const model of events(engine, { ...context, signal })) {
        if (model !== id && model !== '*') continue;
        seen += 1;
        wake();
      }
    } catch (error) {
      // Events only make it faster; what they do not tell is asked for.
      const isSilence = error instanceof ProblemError || error instanceof HttpError;
      if (!signal.aborted && !isSilence) throw error;
    }
  };
  const listening = listen();
  return {
    happened: async () => {
      const waited = new AbortController();
      if (seen === told) {
        const event = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const pause = context.io.clock
          .sleep(pollMs, AbortSignal.any([context.signal, waited.signal]))
          .catch(() => undefined);
        await Promise.race([event, pause]);
        waited.abort();
        context.signal.throwIfAborted();
      }
      const hasHappened = seen > told;
      told = seen;
      return hasHappened;
    },
    close: async () => {
      closing.abort();
      await listening;
    },
  };
}
