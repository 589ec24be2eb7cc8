// What the embedded engine holds: the store says what is there, the engine, if it runs, what is in
// memory. An engine that does not run holds nothing in memory and is no failure; a store that
// cannot be read is `unreachable`.

import type { OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { readNames } from '../../artifacts/stores/oci/read.ts';
import type { BackendObservation, ObservedPlacement } from '../../core/observed.ts';
import { ProblemError } from '../../core/problem.ts';
import type { EngineStatus } from '../../engine/protocol.ts';
import { version } from '../../engine/version.ts';
import type { BackendContext, Question } from '../backend.ts';
import { diskOf, learnedFrom, presentBlobs } from '../images/look.ts';
import { findEngine } from './find.ts';
import type { Place } from './place.ts';
import { placementOf } from './translate.ts';

export async function observe(
  place: Place,
  question: Question,
  context: BackendContext,
): Promise<BackendObservation> {
  const store: OciStore = { path: place.store, io: context.io };
  try {
    const engine = await findEngine(place, context);
    if (engine.kind === 'unresponsive') return { kind: 'unreachable', problem: engine.problem };
    const running = engine.kind === 'running' ? engine.status.models : [];
    const placements = await readPlacements(store, running);
    return {
      kind: 'reachable',
      version: engine.kind === 'running' ? engine.state.version : version,
      placements,
      presentBlobs: await presentBlobs(store, question, placements),
      disk: await diskOf(store),
      learned: learnedFrom(placements, question),
    };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { kind: 'unreachable', problem: error.problem };
  }
}

async function readPlacements(
  store: OciStore,
  running: EngineStatus['models'],
): Promise<ReadonlyMap<string, ObservedPlacement>> {
  const placements = new Map<string, ObservedPlacement>();
  for (const stored of await readNames(store)) {
    const placement = placementOf(stored, running);
    if (placement !== null) placements.set(placement.name, placement);
  }
  return placements;
}
