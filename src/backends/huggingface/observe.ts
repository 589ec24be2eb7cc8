// What a Hugging Face cache holds: the names on record whose files are all there and, where
// everything is asked for, what other tools brought. A cache that is not there yet holds nothing; one
// that cannot be read is `unreachable`.

import { fileProblem } from '../../artifacts/file-problem.ts';
import {
  type HuggingFaceCache,
  huggingFaceCache,
} from '../../artifacts/stores/huggingface/index.ts';
import { mapBounded } from '../../core/concurrency.ts';
import type { Digest } from '../../core/digest.ts';
import type { BackendObservation, Capacity, ObservedPlacement } from '../../core/observed.ts';
import { errorProblem, type Problem, ProblemError } from '../../core/problem.ts';
import { errorCode } from '../../io/error-code.ts';
import type { Io } from '../../io/io.ts';
import type { BackendContext, Question } from '../backend.ts';
import { learnedFrom } from '../images/look.ts';
import { isThere, wholeVersion } from './look.ts';
import { type Names, readNames } from './names.ts';
import type { Place } from './place.ts';
import { placementOf, versionOf } from './translate.ts';

const looksAtOnceMax = 16;
/** It has no version of its own: its layout is that of the client which all tools use. */
const version = 'huggingface_hub';

export async function observe(
  place: Place,
  question: Question,
  { io }: BackendContext,
): Promise<BackendObservation> {
  const cache = huggingFaceCache(io, place.cache);
  try {
    const kind = (await io.files.stat(place.cache))?.kind ?? 'folder';
    if (kind !== 'folder') return { kind: 'unreachable', problem: noFolder(place.cache) };
    const names = await readNames(place, io);
    const placements = new Map((await recorded(cache, names)).map((one) => [one.name, one]));
    if (question.everything === true) {
      const { unrecorded } = await import('./listing.ts');
      for (const one of await unrecorded(cache, names)) {
        if (!placements.has(one.name)) placements.set(one.name, one);
      }
    }
    return {
      kind: 'reachable',
      version,
      placements,
      presentBlobs: await presentBlobs(cache, question, placements),
      disk: await diskOf(place.cache, io),
      learned: learnedFrom(placements, question),
    };
  } catch (error) {
    if (errorCode(error) === undefined && !(error instanceof ProblemError)) throw error;
    return { kind: 'unreachable', problem: fileProblem(error, `read ${place.cache}`) };
  }
}

async function recorded(
  cache: HuggingFaceCache,
  names: Names,
): Promise<readonly ObservedPlacement[]> {
  const found = await mapBounded([...names], looksAtOnceMax, async ([name, stored]) => {
    const whole = await wholeVersion(cache, stored);
    return whole === null ? [] : [placementOf(name, whole, stored.isDone)];
  });
  return found.flat();
}

/** Of wanted models that are not there as wanted: the files that need not be brought. */
async function presentBlobs(
  cache: HuggingFaceCache,
  { wanted }: Question,
  placements: ReadonlyMap<string, ObservedPlacement>,
): Promise<ReadonlySet<Digest>> {
  const missing = [...wanted].flatMap(([name, { artifact, digest }]) => {
    const lacking = placements.get(name)?.digest === digest ? null : versionOf(artifact);
    return lacking === null ? [] : lacking.files.map((file) => ({ at: lacking, file }));
  });
  const present = await mapBounded(missing, looksAtOnceMax, async ({ at, file }) => {
    const isPresent =
      (await isThere(cache, at, file)) || (await cache.findBlob(file.digest, file.bytes)) !== null;
    return isPresent ? [file.digest] : [];
  });
  return new Set(present.flat());
}

async function diskOf(path: string, { files }: Io): Promise<Capacity> {
  const space = await files.space(path);
  return space === null ? { kind: 'unknown' } : { kind: 'known', ...space };
}

const noFolder = (path: string): Problem =>
  errorProblem({
    code: 'backend/no-folder',
    summary: 'Something else stands where a Hugging Face cache should be',
    detail: `${path} is no folder.`,
    remedy: 'Move it away, or name the cache in spec.files.path of the Backend.',
    retry: 'later',
  });
