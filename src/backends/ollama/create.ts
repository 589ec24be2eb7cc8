// Makes a name from what the engine has or is given: imports our verified files, derives from a
// base, copies for an alias. Always from the pristine base, never from the name itself: Ollama
// merges parameters and can unset none.
import type { Artifact } from '../../core/artifact.ts';
import { sameJson } from '../../core/canonical.ts';
import { adapterArtifact, type Recipe } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import type { Details } from '../../core/observed.ts';
import { type Problem, ProblemError } from '../../core/problem.ts';
import type { Way } from '../../core/way.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { importedFiles } from '../weights-file.ts';
import { uploadFiles } from './blobs.ts';
import { type Creation, copy, create, show } from './client.ts';
import { changedMeanwhile, engineFailure } from './failures.ts';
import { fillBlobs } from './fill.ts';
import { cutStream } from './pull.ts';
import { type Progress, replace, type Workshop } from './replace.ts';
import { type Listing, nameOfSource } from './translate.ts';
import { byWays } from './ways.ts';

export interface CreateWork {
  readonly name: string;
  readonly artifact: Artifact;
  readonly replaces: Digest | null;
}

/** The engine rewrites what it is given, so the digest is only known afterwards. */
export function importFiles(
  workshop: Workshop,
  context: PerformContext,
  { name, artifact, replaces, way }: CreateWork & { readonly way: Way },
): Promise<Performed> {
  const { engine } = workshop;
  const given = { ...artifact, files: importedFiles(artifact) };
  const files = Object.fromEntries(given.files.map((file) => [file.path, file.digest]));
  const createAfter = (prepare: (progress: Progress) => Promise<void>): Promise<Performed> =>
    replace(workshop, context, {
      name,
      outcome: 'created',
      replaces,
      coming: null,
      prepare,
      make: (progress) => follow(workshop, context, { model: name, files }, progress),
      details: () => show(engine, context, name),
    });
  return byWays(
    workshop,
    context,
    { kind: 'create', name, artifact: given, way },
    {
      files: (store) =>
        createAfter((progress) => fillBlobs(engine, context, store, [given], progress)),
      api: () => createAfter((progress) => uploadFiles(engine, context, [given], progress)),
    },
  );
}

export function derive(
  workshop: Workshop,
  context: PerformContext,
  work: CreateWork & { readonly base: string; readonly recipe: Recipe },
): Promise<Performed> {
  const { name, artifact, replaces, base, recipe } = work;
  const { engine } = workshop;
  // An adapter has a source of its own, and is verified against what that was locked to.
  const adapters = (recipe.adapters ?? []).map(adapterArtifact);
  const creation: Creation = {
    model: name,
    from: base,
    ...(recipe.system === undefined ? {} : { system: recipe.system }),
    ...(recipe.template === undefined ? {} : { template: recipe.template }),
    ...(recipe.parameters === undefined ? {} : { parameters: recipe.parameters }),
    ...(adapters.length === 0
      ? {}
      : {
          adapters: Object.fromEntries(
            adapters.flatMap(({ files }) => files.map((file) => [file.path, file.digest])),
          ),
        }),
  };
  return replace(workshop, context, {
    name,
    outcome: 'created',
    replaces,
    coming: null,
    precondition: (listing) => foundationProblem(workshop, listing, base, artifact),
    prepare: (progress) => uploadFiles(engine, context, adapters, progress),
    make: (progress) => follow(workshop, context, creation, progress),
    recognise: () => recogniseDerived(workshop, context, work),
    details: () => show(engine, context, name),
  });
}

/** A copy has the digest of what it copies; no bytes move. */
export function alias(
  workshop: Workshop,
  context: PerformContext,
  work: {
    readonly name: string;
    readonly of: string;
    readonly replaces: Digest | null;
    readonly digest: Digest | null;
  },
): Promise<Performed> {
  const { name, of, replaces, digest } = work;
  return replace(workshop, context, {
    name,
    outcome: 'created',
    replaces,
    coming: digest,
    precondition: (listing) => {
      const found = listing.models.get(of)?.digest;
      if (found !== undefined && (digest === null || digest === found)) return null;
      return changedMeanwhile(
        workshop.engine.label,
        `${of}, which ${name} names, is ${found === undefined ? 'absent' : 'another content'}.`,
      );
    },
    make: async (progress) => {
      await copy(workshop.engine, context, of, name);
      progress.wrote = true;
    },
    recognise: async (listing) =>
      listing.models.get(name)?.digest === listing.models.get(of)?.digest
        ? show(workshop.engine, context, name)
        : null,
  });
}

async function follow(
  { engine }: Workshop,
  context: PerformContext,
  creation: Creation,
  progress: Progress,
): Promise<void> {
  const doing = `create ${creation.model}`;
  let succeeded = false;
  for await (const event of create(engine, context, creation)) {
    if (event.error !== null)
      throw new ProblemError(engineFailure(engine.label, doing, event.error));
    if (event.status === 'writing manifest') progress.wrote = true;
    if (event.status === 'success') succeeded = true;
  }
  if (!succeeded) throw new ProblemError(cutStream(engine, doing));
}

/** `from` a name that is not there would make Ollama pull whatever the registry has for it. */
function foundationProblem(
  { engine }: Workshop,
  listing: Listing,
  base: string,
  artifact: Artifact,
): Problem | null {
  const found = listing.models.get(base)?.digest;
  if (found === undefined) return changedMeanwhile(engine.label, `The base ${base} is not there.`);
  if (nameOfSource(artifact.source) === null || found === artifact.revision) return null;
  return changedMeanwhile(engine.label, `The base ${base} holds other content than is locked.`);
}

/** The same weights as the base, and of everything else what the recipe says over the base. */
async function recogniseDerived(
  { engine }: Workshop,
  context: PerformContext,
  { name, base, recipe }: { readonly name: string; readonly base: string; readonly recipe: Recipe },
): Promise<Details | null> {
  const [actual, pristine] = await Promise.all([
    show(engine, context, name),
    show(engine, context, base),
  ]);
  if (actual === null || pristine === null || actual.weights !== pristine.weights) return null;
  const contents = ({ adapters }: Recipe): readonly Digest[] =>
    (adapters ?? []).map(({ digest }) => digest);
  const wanted = {
    ...pristine.recipe,
    ...recipe,
    parameters: { ...pristine.recipe.parameters, ...recipe.parameters },
  };
  const same = sameJson(
    { ...wanted, adapters: contents(wanted) },
    { ...actual.recipe, adapters: contents(actual.recipe) },
  );
  return same ? actual : null;
}
