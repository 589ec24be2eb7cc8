// What registries say now of the models that an engine has to ask them for: a way through an API ends
// with the engine's own request for the manifest, and that gets what the tag stands for at the time.
// Asks only for what is missing, and not for what was resolved a moment ago.
import type { SourceContext, Sources } from './artifacts/source.ts';
import type { BackendReference } from './core/backend-reference.ts';
import { mapBounded } from './core/concurrency.ts';
import type { Desired, DesiredPlacement } from './core/desired.ts';
import { shortDigest } from './core/digest.ts';
import { backendKey } from './core/key.ts';
import { isLoopback } from './core/loopback.ts';
import type { Observed, RegistryAnswer } from './core/observed.ts';
import type { Problem } from './core/problem.ts';
import { comesThroughApi } from './plan/bytes.ts';

const asksAtOnceMax = 8;
/** A plan does not wait longer for somebody who may be needed. */
const answerTimeoutMs = 10_000;

export interface Asking {
  readonly desired: Desired;
  readonly sources: Sources;
  readonly references: readonly BackendReference[];
  /** What the lock had before this run, by source; the rest has been asked for just now. */
  readonly locked: ReadonlySet<string>;
}

export async function withRegistryAnswers(
  observed: Observed,
  asking: Asking,
  context: SourceContext,
): Promise<Observed> {
  const placements = [...asking.desired.placements.values()].filter(
    (one) => asking.locked.has(one.artifact.source) && isMissing(observed, one),
  );
  if (placements.length === 0) return observed;
  const here = new Set(asking.references.filter(isHere).map(keyOf));
  const answers = await mapBounded(placements, asksAtOnceMax, async (placement) => {
    const answer = await ask(placement, asking.sources, context);
    // Another machine may reach what this one does not.
    const tells = answer?.kind !== 'silent' || here.has(backendKey(placement));
    return answer !== null && tells ? ([[placement.key, answer]] as const) : [];
  });
  return { ...observed, registries: new Map(answers.flat()) };
}

function isMissing(observed: Observed, placement: DesiredPlacement): boolean {
  const backend = observed.backends.get(backendKey(placement));
  if (backend?.kind !== 'reachable' || placement.residency === 'optional') return false;
  return (
    comesThroughApi(backend.access, placement) &&
    backend.placements.get(placement.name)?.digest !== placement.digest
  );
}

const isHere = ({ endpoint }: BackendReference): boolean =>
  endpoint === null || isLoopback(new URL(endpoint).hostname);

const keyOf = ({ host, id }: BackendReference): string => backendKey({ host, backend: id });

async function ask(
  { artifact }: DesiredPlacement,
  sources: Sources,
  context: SourceContext,
): Promise<RegistryAnswer | null> {
  const { source, revision } = artifact;
  const limit = new AbortController();
  const answered = new AbortController();
  context.io.clock.sleep(answerTimeoutMs, answered.signal).then(
    () => limit.abort(),
    () => undefined, // it answered in time
  );
  const signal = AbortSignal.any([context.signal, limit.signal]);
  try {
    const now = await sources.sourceOf(source).resolve(source, { ...context, signal });
    if (!now.ok) return answerOf(now.problems);
    const detail = `Its tag now stands for ${shortDigest(now.value.revision)}; locked is ${shortDigest(revision)}.`;
    return now.value.revision === revision ? null : { kind: 'moved', detail };
  } catch (error) {
    if (context.signal.aborted || !limit.signal.aborted) throw error;
    const detail = `Asked for ${source}, it gave no answer within ${answerTimeoutMs / 1000} s.`;
    return { kind: 'silent', detail };
  } finally {
    answered.abort();
  }
}

function answerOf(problems: readonly Problem[]): RegistryAnswer | null {
  const gone = problems.find(({ code }) => code === 'source/not-found');
  if (gone !== undefined) return { kind: 'gone', detail: gone.detail };
  const silent = problems.find(({ code }) => code === 'source/unreachable');
  return silent === undefined ? null : { kind: 'silent', detail: silent.detail };
}
