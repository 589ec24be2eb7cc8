// Short forms for tests that drive the Ollama backend action by action.
import type { ModelRequest, PerformContext, Performed } from '../../../src/backends/backend.ts';
import type { Digest } from '../../../src/core/digest.ts';
import type { ModelAction, PullAction } from '../../../src/core/plan.ts';
import { checked } from '../../../src/core/problem.ts';
import { sharesNothing } from '../../fakes/shared-files.ts';
import type { Subject } from '../contract.ts';
import { actionBase, buildActions, loadAction, request } from '../requests.ts';
import type { OllamaWorld } from './worlds.ts';

export const tiny = 'tiny:v1';

export const act = (
  world: OllamaWorld,
  action: ModelAction,
  more: Partial<PerformContext> = {},
): Promise<Performed> =>
  world.backend.perform(action, {
    ...sharesNothing(),
    io: world.io,
    signal: new AbortController().signal,
    onBytes: () => undefined,
    obtain: world.obtain,
    revisionUpstream: world.revisionUpstream ?? (async ({ revision }) => checked(revision)),
    ...more,
  });

/** Of a subject's content to its own name, which holds `replaces` now. */
export const pullOf = (
  world: OllamaWorld,
  { artifact }: Subject,
  replaces: Digest | null = null,
): PullAction => {
  const name = world.backend.canonicalName(artifact.source.replace('ollama://', '')) ?? '';
  return {
    ...actionBase(world.backend, 'pull', name),
    kind: 'pull',
    artifact,
    digest: artifact.revision,
    replaces,
  };
};

/** Every build that a request takes when nothing is there. */
export const buildsOf = (
  world: OllamaWorld,
  more: Partial<ModelRequest>,
  subject: Subject = world.first,
): readonly ModelAction[] =>
  buildActions(world.backend, request(world, subject, more), subject.artifact, {
    placements: new Map(),
  });

export async function bringAll(
  world: OllamaWorld,
  more: Partial<ModelRequest>,
  subject: Subject = world.first,
): Promise<readonly Performed[]> {
  const results: Performed[] = [];
  for (const action of buildsOf(world, more, subject)) results.push(await act(world, action));
  return results;
}

export const loadOf = (world: OllamaWorld, more: Partial<ModelRequest> = {}): ModelAction =>
  loadAction(world.backend, request(world, world.first, { residency: 'loaded', ...more }));

export const unloadOf = (world: OllamaWorld, name: string): ModelAction => ({
  ...actionBase(world.backend, 'unload', name),
  kind: 'unload',
});

export const evictOf = (world: OllamaWorld, name: string, replaces: Digest): ModelAction => ({
  ...actionBase(world.backend, 'evict', name),
  kind: 'evict',
  replaces,
});

/** Digests by name as the fake has them on disk, copies kept aside included. */
export const onDisk = ({ fake }: OllamaWorld): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...fake.store.manifests].map(([path, entry]) => [
      path.replace('registry.ollama.ai/library/', ''),
      `sha256:${entry.digest}`,
    ]),
  );

/** Paths that were asked for, with their methods, since the log was emptied. */
export const asked = ({ fake }: OllamaWorld): readonly string[] =>
  fake.log.map(({ method, path }) => `${method} ${path.replace(/sha256:.*/, 'sha256:…')}`);
