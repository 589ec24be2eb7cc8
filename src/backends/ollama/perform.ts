// One action on one Ollama: dispatches by kind and turns every failure into a result. The only
// code of this backend that leads to requests that write.

import type { CreateAction, ModelAction, PullAction } from '../../core/plan.ts';
import { ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { failedWith, interruption } from '../outcome.ts';
import { alias, derive, importFiles } from './create.ts';
import { evict } from './evict.ts';
import { unaddressable } from './failures.ts';
import { loadName, unloadName } from './memory.ts';
import { canonicalName } from './names.ts';
import type { Workshop } from './replace.ts';
import { nameOfSource } from './translate.ts';
import { pullTag } from './ways.ts';

export async function perform(
  workshop: Workshop,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  const wasInterrupted = context.signal.aborted;
  const performed = await attempt(workshop, action, context);
  // A request that was given up may still end in the engine after the last look at it.
  const isInDoubt = context.signal.aborted && !wasInterrupted && performed.outcome === 'failed';
  return isInDoubt ? { ...performed, outcome: 'unknown' } : performed;
}

async function attempt(
  workshop: Workshop,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  const { engine } = workshop;
  // Such a name would make the engine act on another one; see isSourceSelector.
  if (canonicalName(action.name) !== action.name) {
    return failedWith(unaddressable(engine.label, action.name));
  }
  try {
    return await dispatch(workshop, action, context);
  } catch (error) {
    const doing = `${action.kind} ${action.name}`;
    if (context.signal.aborted) return failedWith(interruption(engine.label, doing));
    if (error instanceof ProblemError) return failedWith(error.problem);
    throw error;
  }
}

function dispatch(
  workshop: Workshop,
  action: ModelAction,
  context: PerformContext,
): Promise<Performed> {
  switch (action.kind) {
    case 'pull':
    case 'create':
      return build(workshop, action, context);
    case 'load':
      return loadName(workshop.engine, context, action);
    case 'unload':
      return unloadName(workshop.engine, context, action.name);
    case 'evict':
      return evict(workshop, context, action);
  }
}

/** How a name is brought follows from what it is made of, whichever kind of action asks for it. */
function build(
  workshop: Workshop,
  action: PullAction | CreateAction,
  context: PerformContext,
): Promise<Performed> {
  const how = action.kind === 'pull' ? ({ kind: 'source' } as const) : action.build;
  switch (how.kind) {
    case 'source':
      return nameOfSource(action.artifact.source) === null
        ? importFiles(workshop, context, { ...action, way: action.way ?? 'api' })
        : pullTag(workshop, context, { ...action, way: action.way ?? 'engine' });
    case 'derive':
      return derive(workshop, context, { ...action, base: how.base, recipe: how.recipe });
    case 'alias':
      return alias(workshop, context, { ...action, of: how.of });
  }
}
