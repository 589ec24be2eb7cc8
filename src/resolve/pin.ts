// From a floating reference to pinned bytes: out of the lock where it has them, else from the
// source itself. An entry of the lock is never moved here; what upstream says now only matters for
// references that the lock does not know.

import type { SourceContext, Sources } from '../artifacts/source.ts';
import { type Artifact, artifactBytes } from '../core/artifact.ts';
import type { Adapter } from '../core/desired.ts';
import type { HeldBecause } from '../core/held.ts';
import type { Checked, Problem } from '../core/problem.ts';

/** One line of the lock: which Model, on which target, from which canonical source. */
export interface PinKey {
  readonly model: string;
  readonly target: string;
  readonly source: string;
}

export interface Pin extends PinKey {
  readonly artifact: Artifact;
}

export type Pinned =
  | { readonly kind: 'pinned'; readonly pin: Pin; readonly moved: string | null }
  | {
      readonly kind: 'held';
      readonly because: HeldBecause;
      readonly detail: string;
      readonly remedy: string;
    }
  | { readonly kind: 'problem'; readonly problem: Problem };

export interface PinContext extends SourceContext {
  readonly sources: Sources;
  readonly locked: (key: PinKey) => Artifact | undefined;
  /** The bytes of a source that are pinned for another Model or target, or were resolved before. */
  readonly known: (source: string) => Artifact | undefined;
  /** What is being resolved now, by source: nothing is asked for twice. */
  readonly resolving: Map<string, Promise<Checked<Artifact>>>;
}

export async function pin(key: PinKey, context: PinContext): Promise<Pinned> {
  const artifact = context.locked(key);
  if (artifact !== undefined) {
    const moved = await changedInPlace(artifact, context);
    return { kind: 'pinned', pin: { ...key, artifact }, moved };
  }
  // One source stands for the same bytes throughout a set, whenever a Model of it was added.
  const known = context.known(key.source);
  if (known === undefined) return resolveNow(key, context);
  return { kind: 'pinned', pin: { ...key, artifact: known }, moved: null };
}

async function resolveNow(key: PinKey, context: PinContext): Promise<Pinned> {
  const { sources, resolving } = context;
  const asked =
    resolving.get(key.source) ?? sources.sourceOf(key.source).resolve(key.source, context);
  resolving.set(key.source, asked);
  const resolved = await asked;
  if (resolved.ok)
    return { kind: 'pinned', pin: { ...key, artifact: resolved.value }, moved: null };
  const [problem] = resolved.problems;
  if (problem !== undefined && problem.retry === 'later') {
    const remedy = problem.remedy ?? 'It is tried again with the next run.';
    return { kind: 'held', because: 'unreachable', detail: problem.detail, remedy };
  }
  if (problem === undefined) throw new Error('a source refused a reference without a problem');
  return { kind: 'problem', problem };
}

/** A local file that no longer has the size that was locked; cheap enough to ask each time. */
async function changedInPlace(artifact: Artifact, context: PinContext): Promise<string | null> {
  const { local } = context.sources;
  const [file] = artifact.files;
  if (file === undefined || !artifact.source.startsWith(`${local.scheme}:`)) return null;
  const path = local.localPath(artifact.source, context);
  const stat = await context.io.files.stat(path);
  if (stat === null || stat.bytes === file.bytes) return null;
  return `${path} has ${stat.bytes} bytes; locked are ${file.bytes}.`;
}

/** A pinned adapter as a recipe names it. */
export const adapterOf = (artifact: Artifact): Adapter => ({
  path: artifact.source,
  digest: artifact.weights,
  bytes: artifactBytes(artifact),
});
