// Brings what an action wants into a store of images: files and manifest first, then the name.
import type { OciStore } from '../../artifacts/stores/oci/blobs.ts';
import { modelImage } from '../../artifacts/stores/oci/image.ts';
import { findName } from '../../artifacts/stores/oci/read.ts';
import { type Changed, putAlias, putImage } from '../../artifacts/stores/oci/write.ts';
import type { Artifact, ArtifactFile } from '../../core/artifact.ts';
import { AssertionError } from '../../core/assert.ts';
import { adapterArtifact } from '../../core/desired.ts';
import type { Digest } from '../../core/digest.ts';
import type { CreateAction, PullAction } from '../../core/plan.ts';
import { ProblemError } from '../../core/problem.ts';
import type { PerformContext } from '../backend.ts';
import { changedMeanwhile } from '../failures.ts';
import { baseGone } from './failures.ts';

export interface Built {
  readonly digest: Digest;
  readonly downloadedBytes: number;
  readonly changed: Exclude<Changed, { kind: 'other' }>;
}

export interface BuildOptions {
  /** An alias says whose it is, where the engine has to know. */
  readonly marksAliases?: true;
  /** See PutRequest. */
  readonly beforeNaming?: () => Promise<void>;
}

/** Throws ProblemError where something else than expected is there. */
export async function buildName(
  store: OciStore,
  action: PullAction | CreateAction,
  context: PerformContext,
  options: BuildOptions = {},
): Promise<Built> {
  const how = action.kind === 'pull' ? ({ kind: 'source' } as const) : action.build;
  const pointer = { name: action.name, load: action.load ?? {}, replaces: action.replaces };
  let downloadedBytes = 0;
  let changed: Changed;
  let digest: Digest;
  if (how.kind === 'alias') {
    const target = await findName(store, how.of);
    if (target === null || !target.whole) throw new ProblemError(baseGone(action.name, how.of));
    digest = target.digest;
    await options.beforeNaming?.();
    const marked = options.marksAliases === true ? { aliasOf: how.of } : {};
    changed = await putAlias(store, { ...pointer, ...marked, digest });
  } else {
    const image = modelImage(action.artifact, how.kind === 'derive' ? how.recipe : {});
    digest = image.digest;
    changed = await putImage(store, {
      ...pointer,
      image,
      obtain: async (layer, onBytes) => {
        const [artifact, file] = fileOf(action.artifact, layer, how);
        const obtained = await context.obtain(artifact, file, onBytes);
        downloadedBytes += obtained.downloadedBytes;
        return obtained;
      },
      onBytes: context.onBytes,
      signal: context.signal,
      ...(options.beforeNaming === undefined ? {} : { beforeNaming: options.beforeNaming }),
    });
  }
  if (changed.kind === 'other') {
    throw new ProblemError(changedMeanwhile(action.name, changed.digest));
  }
  return { digest, downloadedBytes, changed };
}

/** A layer is a file of the artifact, or one of an adapter that the recipe adds. */
function fileOf(
  artifact: Artifact,
  digest: Digest,
  how: CreateAction['build'],
): readonly [Artifact, ArtifactFile] {
  const adapters = how.kind === 'derive' ? (how.recipe.adapters ?? []) : [];
  for (const one of [artifact, ...adapters.map(adapterArtifact)]) {
    const file = one.files.find((candidate) => candidate.digest === digest);
    if (file !== undefined) return [one, file];
  }
  throw new AssertionError(`${digest} is no file of ${artifact.source}`);
}
