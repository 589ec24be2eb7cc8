// What the embedded engine holds: the store says what is there, the engine, if it runs, what is in
// memory. An engine that does not run holds nothing in memory and is no failure; a store that
// cannot be read is `unreachable`.

import { hasBlob, type OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { readNames } from '../../artifacts/stores/oci/read.ts';
import type { Artifact } from '../../core/artifact.ts';
import { mapBounded } from '../../core/concurrency.ts';
import type { Digest } from '../../core/digest.ts';
import type {
  BackendObservation,
  Capacity,
  Details,
  ObservedPlacement,
} from '../../core/observed.ts';
import { ProblemError } from '../../core/problem.ts';
import type { EngineStatus } from '../../engine/protocol.ts';
import { version } from '../../engine/version.ts';
import type { BackendContext, Question } from '../backend.ts';
import { findEngine } from './find.ts';
import type { Place } from './place.ts';
import { placementOf } from './translate.ts';

const readsAtOnceMax = 16;

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

/** Of wanted artifacts that are not there as wanted: the files that need not be brought. */
async function presentBlobs(
  store: OciStore,
  { wanted }: Question,
  placements: ReadonlyMap<string, ObservedPlacement>,
): Promise<ReadonlySet<Digest>> {
  const missing = [...wanted].filter(
    ([name, { digest }]) => placements.get(name)?.digest !== digest,
  );
  const files = new Map<Digest, Artifact['files'][number]>();
  for (const [, { artifact }] of missing) {
    for (const file of artifact.files) files.set(file.digest, file);
  }
  const present = new Set<Digest>();
  await mapBounded([...files.values()], readsAtOnceMax, async ({ digest, bytes }) => {
    if (await hasBlob(store, digest, bytes)) present.add(digest);
  });
  return present;
}

async function diskOf({ path, io }: OciStore): Promise<Capacity> {
  const space = await io.files.space(path);
  return space === null ? { kind: 'unknown' } : { kind: 'known', ...space };
}

function learnedFrom(
  placements: ReadonlyMap<string, ObservedPlacement>,
  { remembered }: Question,
): ReadonlyMap<Digest, Details> {
  const learned = new Map<Digest, Details>();
  for (const { digest, details } of placements.values()) {
    if (details !== null && !remembered.has(digest)) learned.set(digest, details);
  }
  return learned;
}
