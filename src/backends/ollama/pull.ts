// Pulls a tag through the engine, which fetches from the registry itself and knows no digests: the
// content is compared with the locked one as soon as the stream tells of it, and again at the end.
import { type Artifact, artifactBytes } from '../../core/artifact.ts';
import type { Digest } from '../../core/digest.ts';
import { type OllamaName, shortOllamaName } from '../../core/ollama-name.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { PerformContext, Performed } from '../backend.ts';
import type { Engine } from '../exchange.ts';
import { pull } from './client.ts';
import { engineFailure } from './failures.ts';
import { isLoopbackRegistry } from './names.ts';
import { type Progress, replace, upstreamMoved, type Workshop } from './replace.ts';
import type { StreamEvent } from './translate.ts';

export interface PullWork {
  readonly name: string;
  readonly artifact: Artifact;
  readonly replaces: Digest | null;
}

export function pullByEngine(
  workshop: Workshop,
  context: PerformContext,
  { name, artifact, replaces }: PullWork,
  source: OllamaName,
): Promise<Performed> {
  const coming = artifact.revision;
  const make = (progress: Progress): Promise<void> =>
    follow(workshop.engine, context, { source, artifact }, progress);
  return replace(workshop, context, { name, outcome: 'pulled', replaces, coming, make });
}

/** Less than this is over before giving up would help. */
const worthStoppingBytes = 64 * 1024 * 1024;

/** Lets the engine pull, and reads what it tells until it is done. Throws ProblemError. */
export async function follow(
  engine: Engine,
  context: PerformContext,
  { source, artifact }: { readonly source: OllamaName; readonly artifact: Artifact },
  progress: Progress,
): Promise<void> {
  // Spelled as the source spells it: a registry may tell `Q4_K_M` from `q4_k_m`.
  const name = shortOllamaName(source);
  const plainHttp = isLoopbackRegistry(source);
  const before = progress.downloadedBytes;
  const layers = layerCounter(artifact);
  const totalBytes = artifactBytes(artifact);
  let succeeded = false;
  for await (const event of pull(engine, context, name, plainHttp)) {
    if (event.error !== null) {
      throw new ProblemError(engineFailure(engine.label, `pull ${name}`, event.error));
    }
    if (event.status === 'writing manifest') progress.wrote = true;
    if (event.status === 'success') {
      progress.wrote = true;
      succeeded = true;
    }
    if (event.digest === null) continue;
    if (
      !layers.expects(event.digest) &&
      event.totalBytes - event.completedBytes > worthStoppingBytes
    ) {
      throw new ProblemError(upstreamMoved(engine, name, artifact.revision, null));
    }
    layers.count(event);
    progress.downloadedBytes = before + layers.downloadedBytes();
    context.onBytes(layers.completedBytes(), totalBytes);
  }
  if (!succeeded) throw new ProblemError(cutStream(engine, `pull ${name}`));
  progress.downloadedBytes = before + layers.downloadedBytes({ ended: true });
  context.onBytes(totalBytes, totalBytes);
}

interface LayerCounter {
  readonly expects: (digest: Digest) => boolean;
  readonly count: (event: StreamEvent) => void;
  readonly completedBytes: () => number;
  readonly downloadedBytes: (state?: { readonly ended: boolean }) => number;
}

/**
 * The stream tells of one layer after another; here they become one number that never falls. What
 * was there before, whole or in part, is in the first event of its layer. Ollama says nothing of
 * layers that it fetches between two ticks of 60 ms: at the end those have been fetched too.
 */
function layerCounter(artifact: Artifact): LayerCounter {
  const sizes = new Map(artifact.files.map((file) => [file.digest, file.bytes]));
  const first = new Map<Digest, number>();
  const last = new Map<Digest, number>();
  const sum = (bytesOf: (digest: Digest, size: number) => number): number =>
    [...sizes].reduce((total, [digest, size]) => total + bytesOf(digest, size), 0);
  return {
    expects: (digest) => sizes.has(digest),
    count: ({ digest, completedBytes }) => {
      if (digest === null) return;
      const size = sizes.get(digest) ?? completedBytes;
      const completed = Math.max(last.get(digest) ?? 0, Math.min(completedBytes, size));
      if (!first.has(digest)) first.set(digest, completed);
      last.set(digest, completed);
    },
    completedBytes: () => sum((digest) => last.get(digest) ?? 0),
    downloadedBytes: (state) =>
      sum((digest, size) => {
        const before = first.get(digest);
        if (before === undefined) return state?.ended === true ? size : 0;
        return (state?.ended === true ? size : (last.get(digest) ?? 0)) - before;
      }),
  };
}

export const cutStream = (engine: Engine, doing: string): ReturnType<typeof errorProblem> =>
  errorProblem({
    code: 'backend/connection-lost',
    summary: 'The engine ended its answer too early',
    detail: `${engine.label} was to ${doing}; its answer ended without success and without an error.`,
    remedy: 'Apply again: what was fetched is kept for a while.',
    retry: 'later',
  });
