// Goes the way that was planned, or a weaker one when that turns out closed: the folder is not the
// server's or not ours after all, or the source does not let us fetch what it may give the engine.
// Why is told with the result. Bytes that are not the locked ones are never a reason to try in
// another way, and a better way than planned is not taken: its bytes are not reserved.
import { type Artifact, artifactBytes } from '../../core/artifact.ts';
import { assert } from '../../core/assert.ts';
import { sha256Text } from '../../core/hash.ts';
import { shortOllamaName } from '../../core/ollama-name.ts';
import { type Problem, ProblemError, warningProblem } from '../../core/problem.ts';
import { describeWay, type Way } from '../../core/way.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { failedWith } from '../outcome.ts';
import { accessOf } from './access.ts';
import { list } from './client.ts';
import { proveStore } from './fill.ts';
import { canonicalName } from './names.ts';
import { type PullWork, pullByEngine } from './pull.ts';
import { pullThroughApi } from './pull-through-api.ts';
import { pullThroughFiles } from './pull-through-files.ts';
import type { Workshop } from './replace.ts';
import { nameOfSource } from './translate.ts';
import { manifestNotLocked, noRoomForCopies, storeElsewhere } from './way-failures.ts';

export function pullTag(
  workshop: Workshop,
  context: PerformContext,
  work: PullWork & { readonly way: Way },
): Promise<Performed> {
  const { artifact, name } = work;
  const source = nameOfSource(artifact.source);
  assert(source !== null, `${artifact.source} cannot be pulled by Ollama`);
  const isOwnName = canonicalName(shortOllamaName(source)) === name;
  assert(isOwnName, `${artifact.source} is pulled under its own name only`);
  return byWays(
    workshop,
    context,
    { ...work, kind: 'pull' },
    {
      files: (store) => {
        const { manifest } = artifact;
        const isLocked = manifest !== undefined && sha256Text(manifest) === artifact.revision;
        return isLocked
          ? pullThroughFiles(workshop, context, work, { store, source, manifest })
          : Promise.resolve(failedWith(manifestNotLocked(name)));
      },
      api: () => pullThroughApi(workshop, context, work, source),
      engine: () => pullByEngine(workshop, context, work, source),
    },
  );
}

export interface Ways {
  readonly files: (store: string) => Promise<Performed>;
  readonly api: () => Promise<Performed>;
  /** Absent for what the engine cannot fetch. */
  readonly engine?: () => Promise<Performed>;
}

interface Work {
  readonly kind: 'pull' | 'create';
  readonly name: string;
  readonly artifact: Artifact;
  readonly way: Way;
}

/** As planned, else in the next weaker way that is open, with a warning that says why. */
export async function byWays(
  workshop: Workshop,
  context: PerformContext,
  work: Work,
  ways: Ways,
): Promise<Performed> {
  const along = async (way: Way, closed: Problem | null): Promise<Performed> => {
    const performed = await go(workshop, context, way, ways);
    const { outcome, problem, downloadedBytes } = performed;
    if (problem === undefined)
      return closed === null ? performed : { ...performed, problem: weakerWay(work, way, closed) };
    const next = outcome === 'failed' ? weaker(way, problem, ways) : null;
    if (next === null) return performed;
    if (next === 'api' && (await lacksRoom(workshop, context, work)))
      return failedWith(noRoomForCopies(workshop.engine.label), downloadedBytes);
    const rest = await along(next, problem);
    return { ...rest, downloadedBytes: rest.downloadedBytes + downloadedBytes };
  };
  return along(work.way, null);
}

async function go(
  { engine, reference }: Workshop,
  context: PerformContext,
  way: Way,
  ways: Ways,
): Promise<Performed> {
  if (way === 'api') return ways.api();
  if (way === 'engine') {
    assert(ways.engine !== undefined, 'an engine fetches from its registry only');
    return ways.engine();
  }
  const { store } = reference;
  const listing = await list(engine, context);
  const access = await accessOf(reference, listing, context.io);
  if (store === null || access.way !== 'files')
    return failedWith(storeElsewhere(engine.label, store ?? 'a folder of this machine'));
  try {
    await proveStore(engine, context, store);
  } catch (error) {
    if (error instanceof ProblemError) return failedWith(error.problem);
    throw error;
  }
  return ways.files(store);
}

const filesClosed: ReadonlySet<string> = new Set([
  'backend/store-elsewhere',
  'backend/store-refused',
  'backend/manifest-not-locked',
]);

/** The engine may know another way to the registry, or have a key for it. */
const sourceClosed: ReadonlySet<string> = new Set([
  'source/unreachable',
  'source/unauthorized',
  'source/not-found',
]);

function weaker(way: Way, problem: Problem, ways: Ways): Way | null {
  if (way === 'engine') return null;
  if (way === 'files' && filesClosed.has(problem.code)) return 'api';
  return sourceClosed.has(problem.code) && ways.engine !== undefined ? 'engine' : null;
}

/** Through the API there is a second copy of what was to be one. */
async function lacksRoom(
  { reference }: Workshop,
  { io }: PerformContext,
  { artifact }: Work,
): Promise<boolean> {
  if (reference.store === null) return false;
  const space = await io.files.space(reference.store).catch(() => null);
  return space !== null && space.freeBytes < 2 * artifactBytes(artifact);
}

const weakerWay = ({ kind, name, way: planned }: Work, way: Way, closed: Problem): Problem =>
  warningProblem({
    code: 'backend/weaker-way',
    summary: 'A model was brought in a weaker way than planned',
    detail:
      `${name} was to come ${describeWay(planned, kind)}. It came ${describeWay(way, kind)}. ` +
      `The reason: ${closed.detail}`,
    ...(closed.remedy === undefined ? {} : { remedy: closed.remedy }),
  });
