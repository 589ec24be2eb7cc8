// Which files of this machine must hold locked bytes: those that engines serve declared names from, and
// those that wait under their digest in stores that modelctl shares. Each file once, with everybody who
// relies on it; and each name of which that cannot be said, with why. Reads names only.
import { hubPlaceOf } from '../artifacts/sources/huggingface/place.ts';
import type { FoundBlob } from '../artifacts/stores/huggingface/find.ts';
import type { HuggingFaceCache } from '../artifacts/stores/huggingface/index.ts';
import type { BackendType, KeptFile } from '../backends/backend.ts';
import type { Artifact, ArtifactFile } from '../core/artifact.ts';
import { compareText } from '../core/canonical.ts';
import { adapterArtifact, type Desired, type DesiredPlacement } from '../core/desired.ts';
import { type Digest, digestHex } from '../core/digest.ts';
import type { InventoryEntry } from '../core/inventory.ts';
import { backendKey, byPlacement, type Placement, placementKey } from '../core/key.ts';
import type { Observed } from '../core/observed.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { StoredFile, UnverifiedName } from '../core/verification.ts';
import { errorCode } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';
import type { Engine } from '../resolve/engines.ts';

/** Where a file's bytes can be had again. */
export interface Origin {
  readonly artifact: Artifact;
  readonly file: ArtifactFile;
}

export interface FileToVerify
  extends StoredFile,
    Pick<KeptFile, 'temporary' | 'mayShare' | 'mayWrite' | 'text'> {
  /** Null for what an engine made itself. */
  readonly origin: Origin | null;
  /** In the staging folder: nothing is served from it, and it may go at any time. */
  readonly isStaged: boolean;
}

export interface FilesToVerify {
  readonly files: readonly FileToVerify[];
  readonly names: readonly UnverifiedName[];
}

export interface Declared {
  readonly desired: Desired;
  readonly engines: ReadonlyMap<string, Engine>;
  readonly observed: Observed;
  readonly inventory: readonly InventoryEntry[];
  /** Whether a Model is meant. */
  readonly isMeant: (model: string) => boolean;
}

export interface StoresContext {
  readonly io: Io;
  readonly signal: AbortSignal;
  /** Absolute. */
  readonly staging: string;
  readonly cache: HuggingFaceCache;
}

/** Throws ProblemError when a shared store cannot be read. */
export async function filesToVerify(
  declared: Declared,
  context: StoresContext,
): Promise<FilesToVerify> {
  const files: FileToVerify[] = [];
  const names: UnverifiedName[] = heldNames(declared);
  const placements = [...declared.desired.placements.values()];
  for (const [key, own] of Map.groupBy(placements, backendKey)) {
    const found = await filesOfEngine(key, own, declared, context);
    files.push(...found.files);
    names.push(...found.names);
  }
  const meant = placements.filter(({ model }) => declared.isMeant(model));
  files.push(...(await sharedFiles(meant, context)));
  return { files: await eachOnce(files, context.io), names };
}

/** What resolving kept back: no engine here was asked to serve it yet. */
const heldNames = ({ desired, isMeant }: Declared): UnverifiedName[] =>
  desired.held
    .filter(({ model }) => isMeant(model))
    .map(({ model, because, detail, remedy, origin }) => ({
      model,
      placement: null,
      status: 'unchecked',
      problem: errorProblem({
        code: `verify/${because}`,
        summary: 'A Model cannot be verified',
        subject: `Model/${model}`,
        detail,
        remedy,
        ...(origin === undefined ? {} : { origin }),
      }),
    }));

async function filesOfEngine(
  key: string,
  placements: readonly DesiredPlacement[],
  { engines, observed, inventory, isMeant }: Declared,
  context: StoresContext,
): Promise<FilesToVerify> {
  const engine = engines.get(key);
  const observation = observed.backends.get(key);
  if (engine === undefined || observation === undefined) return { files: [], names: [] };
  const { backend } = engine;
  const kept = await backend.keeps(placements, observation, context);
  const owned = new Set(inventory.map(placementKey));
  const files: FileToVerify[] = [];
  const names: UnverifiedName[] = [];
  for (const placement of placements) {
    const { host, backend: id, name, model } = placement;
    if (!isMeant(model)) continue;
    const at: Placement = { host, backend: id, name };
    const there = kept.get(name) ?? { kind: 'absent' };
    if (there.kind !== 'files') {
      names.push(without(placement, at, there, owned.has(placementKey(at))));
      continue;
    }
    const origins = originsOf(placement);
    for (const file of there.files) {
      files.push({
        ...file,
        store: storeLabels[backend.type],
        models: [model],
        names: [at],
        origin: origins.get(file.digest) ?? null,
        isStaged: false,
      });
    }
  }
  return { files, names };
}

const storeLabels: Readonly<Record<BackendType, string>> = {
  embedded: 'the store of the embedded engine',
  'llama-server': 'the store of the llama-server',
  huggingface: 'the Hugging Face cache',
  ollama: 'the store of Ollama',
};

function without(
  { model, origin }: DesiredPlacement,
  placement: Placement,
  kept:
    | { readonly kind: 'absent' | 'other' }
    | { readonly kind: 'closed'; readonly problem: Problem },
  isOwned: boolean,
): UnverifiedName {
  const about = { subject: `Model/${model}`, origin };
  if (kept.kind === 'closed') {
    return { model, placement, status: 'unchecked', problem: { ...about, ...kept.problem } };
  }
  const apply = `modelctl apply`;
  if (kept.kind === 'other') {
    const problem = errorProblem({
      ...about,
      code: 'verify/other-content',
      summary: 'A name does not hold what is locked',
      detail: `${placement.name} holds another content than the locked one, so its files cannot be compared with the lock.`,
      remedy: 'See what is to be done about it:\n\n    modelctl plan',
    });
    return { model, placement, status: 'unchecked', problem };
  }
  const problem = errorProblem({
    ...about,
    code: isOwned ? 'verify/gone' : 'verify/absent',
    summary: isOwned ? 'A model is gone' : 'A model is not here yet',
    detail: isOwned
      ? `${placement.name} was brought here, and the engine does not have it any more.`
      : `${placement.name} was not brought here yet.`,
    remedy: apply,
  });
  return { model, placement, status: isOwned ? 'missing' : 'absent', problem };
}

function originsOf({ artifact, build }: DesiredPlacement): ReadonlyMap<Digest, Origin> {
  const adapters = build.kind === 'derive' ? (build.recipe.adapters ?? []) : [];
  return new Map(
    [artifact, ...adapters.map(adapterArtifact)].flatMap((one) =>
      one.files.map((file) => [file.digest, { artifact: one, file }] as const),
    ),
  );
}

/** What is there under the digest of a locked file, for engines and other tools to take. */
async function sharedFiles(
  placements: readonly DesiredPlacement[],
  { io, staging, cache }: StoresContext,
): Promise<readonly FileToVerify[]> {
  const files: FileToVerify[] = [];
  const wanted = Map.groupBy(
    placements.flatMap((one) =>
      [...originsOf(one).values()].map((origin) => ({ origin, model: one.model })),
    ),
    ({ origin }) => origin.file.digest,
  );
  for (const [digest, ones] of wanted) {
    const [first] = ones;
    if (first === undefined) continue;
    const { path: file, bytes } = first.origin.file;
    const common = {
      digest,
      file,
      bytes,
      models: ones.map(({ model }) => model),
      names: [],
      origin: first.origin,
      mayShare: true,
    };
    const staged = `${staging}/${digestHex(digest)}`;
    if ((await io.files.entry(staged)) !== null) {
      const temporary = `${staged}.repair.tmp`;
      const store = 'the staging folder';
      files.push({ ...common, path: staged, temporary, store, isStaged: true });
    }
    const blobs = [...(await cache.blobsNamed(digest)), ...(await blobsInSnapshots(ones, cache))];
    for (const blob of blobs) {
      files.push({ ...common, ...blob, store: 'the Hugging Face cache', isStaged: false });
    }
  }
  return files;
}

/** Small files of the Hub are kept by git: no digest names them, but the snapshot of the commit does. */
async function blobsInSnapshots(
  wanted: readonly { readonly origin: Origin }[],
  cache: HuggingFaceCache,
): Promise<readonly FoundBlob[]> {
  const found: FoundBlob[] = [];
  for (const { origin } of wanted) {
    const place = hubPlaceOf(origin.artifact);
    if (place === null) continue;
    const blob = await cache.blobOf({ ...place, path: origin.file.path });
    if (blob !== null) found.push(blob);
  }
  return found;
}

/** By the path that all links lead to. Sorted. */
async function eachOnce(files: readonly FileToVerify[], io: Io): Promise<readonly FileToVerify[]> {
  const byPath = new Map<string, FileToVerify>();
  for (const file of files) {
    const path = await realPath(file.path, io);
    const known = byPath.get(path);
    const models = [...new Set([...(known?.models ?? []), ...file.models])].toSorted(compareText);
    const names = new Map(
      [...(known?.names ?? []), ...file.names].map((one) => [placementKey(one), one]),
    );
    const origin = known?.origin ?? file.origin;
    // Beside a link is not beside what it leads to.
    const temporary = path === file.path ? file.temporary : `${path}.repair.tmp`;
    const place = known ?? { ...file, path, temporary };
    byPath.set(path, {
      ...place,
      models,
      names: [...names.values()].toSorted(byPlacement),
      origin,
    });
  }
  return [...byPath.values()].toSorted((a, b) => compareText(a.path, b.path));
}

/** What is not there, or may not be looked at, is found out by who reads it. */
async function realPath(path: string, { files }: Io): Promise<string> {
  try {
    return await files.realPath(path);
  } catch (error) {
    if (errorCode(error) !== undefined) return path;
    throw error;
  }
}
