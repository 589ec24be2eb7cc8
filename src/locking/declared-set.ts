// Where lock, outdated and update begin: the manifests, the lock of their set, and what they refer
// to. From files alone: no engine is asked, since which one serves a Model says nothing of its bytes.
import type { SourceContext, Sources } from '../artifacts/source.ts';
import { type Checked, checked, refused } from '../core/problem.ts';
import type { Manifests } from '../core/resource.ts';
import { load } from '../manifest/load.ts';
import { type DeclaredReference, declaredReferences } from '../resolve/references.ts';
import { readSet, type SetState } from '../resolve/set.ts';

export interface LockingContext extends Pick<SourceContext, 'io' | 'signal'> {
  readonly sources: Sources;
  /** Absolute. */
  readonly stateFolder: string;
  /** How the sources of a set are reached: see set-routes.ts. */
  readonly routesOf: (manifests: Manifests) => SourceContext['routes'];
}

export interface DeclaredSet {
  readonly manifests: Manifests;
  readonly state: SetState;
  readonly references: readonly DeclaredReference[];
  /** What sources are asked with. */
  readonly context: SourceContext & { readonly sources: Sources };
}

export async function readDeclaredSet(
  inputs: readonly string[],
  { stateFolder, routesOf, ...context }: LockingContext,
): Promise<Checked<DeclaredSet>> {
  const { io, signal, sources } = context;
  const loaded = await load(inputs, io, signal);
  if (!loaded.ok) return loaded;
  const manifests = loaded.value;
  const state = await readSet(manifests, stateFolder, io);
  if (!state.ok) return refused(...loaded.problems, ...state.problems);
  const { folder } = state.value;
  const references = declaredReferences({ manifests, sources, folder, io });
  const problems = [...loaded.problems, ...references.problems];
  if (!references.ok) return refused(...problems);
  return checked(
    {
      manifests,
      state: state.value,
      references: references.value,
      context: { ...context, folder, routes: routesOf(manifests) },
    },
    problems,
  );
}
