// Pulls a tag with the verified files handed to the engine first, so that its own pull fetches the
// manifest only. The engine takes what the tag stands for at that moment: that is asked before, and
// what came of it is compared after.
import { type Artifact, artifactBytes } from '../../core/artifact.ts';
import { shortDigest } from '../../core/digest.ts';
import type { OllamaName } from '../../core/ollama-name.ts';
import { ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import { uploadFiles } from './blobs.ts';
import { follow, type PullWork } from './pull.ts';
import { replace, type Workshop } from './replace.ts';
import { movedUpstream, noManifest } from './way-failures.ts';

export function pullThroughApi(
  workshop: Workshop,
  context: PerformContext,
  { name, artifact, replaces }: PullWork,
  source: OllamaName,
): Promise<Performed> {
  const { engine } = workshop;
  const check = (): Promise<void> => mustStandUpstream(context, artifact, name);
  return replace(workshop, context, {
    name,
    outcome: 'pulled',
    replaces,
    coming: artifact.revision,
    prepare: async (progress) => {
      await check();
      await uploadFiles(engine, context, [artifact], progress);
    },
    make: async (progress) => {
      await check();
      // All bytes have been told of; what the stream says of them again would count backwards.
      const quiet = { ...context, onBytes: () => undefined };
      try {
        await follow(engine, quiet, { source, artifact }, progress);
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        throw new ProblemError(noManifest(name, source.host, error.problem));
      }
      const totalBytes = artifactBytes(artifact);
      context.onBytes(totalBytes, totalBytes);
    },
  });
}

/**
 * A registry that we cannot ask may still answer the engine, which compares nothing: then the
 * comparison afterwards is all there is. Throws ProblemError.
 */
async function mustStandUpstream(
  context: PerformContext,
  artifact: Artifact,
  name: string,
): Promise<void> {
  const now = await context.revisionUpstream(artifact);
  if (now.ok && now.value === artifact.revision) return;
  const isGone = !now.ok && now.problems.some(({ code }) => code === 'source/not-found');
  if (!now.ok && !isGone) return;
  const what = now.ok
    ? `now stands for ${shortDigest(now.value)}; locked is ${shortDigest(artifact.revision)}`
    : 'is gone';
  throw new ProblemError(movedUpstream(name, `The tag ${what}.`));
}
