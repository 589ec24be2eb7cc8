// How lines of a lock stand to what their sources serve now. Each source is asked once, a few at a
// time; one that cannot be asked is an answer of its own and stops none of the others.
import type { SourceContext, Sources } from '../artifacts/source.ts';
import type { Artifact } from '../core/artifact.ts';
import { mapBounded } from '../core/concurrency.ts';
import type { Checked, Origin, Problem } from '../core/problem.ts';
import { compareUpstream, type Standing, versionOf } from '../core/upstream.ts';
import type { PinKey } from '../resolve/pin.ts';

export interface Line extends PinKey {
  /** Null: there is no entry. */
  readonly locked: Artifact | null;
  /** Where the manifest names it, if one does. */
  readonly origin?: Origin;
}

export interface Asked {
  readonly standing: Standing;
  /** What upstream has, where that is something else. */
  readonly moved: Artifact | null;
}

/** Sources asked at the same time. */
const askedMax = 4;

/** In the order of `lines`. Rejects only when aborted. */
export async function standingsOf(
  lines: readonly Line[],
  context: SourceContext & { readonly sources: Sources },
): Promise<readonly Asked[]> {
  const { sources } = context;
  const floating = new Set(
    lines.flatMap(({ source, locked }) =>
      locked === null || isPinned(source, sources) ? [] : [source],
    ),
  );
  const answers = new Map(
    await mapBounded(
      [...floating],
      askedMax,
      async (source): Promise<readonly [string, Checked<Artifact>]> => {
        context.signal.throwIfAborted();
        return [source, await sources.sourceOf(source).resolve(source, context)];
      },
    ),
  );
  const isLocal = (source: string): boolean => source.startsWith(`${sources.local.scheme}:`);
  return lines.map((line) => {
    const asked = standingOf(line, answers.get(line.source));
    const { downloadBytes } = asked.standing;
    // What is on this machine is not fetched, whatever it became.
    if (downloadBytes === null || !isLocal(line.source)) return asked;
    return { ...asked, standing: { ...asked.standing, downloadBytes: 0 } };
  });
}

/** `answer`: absent where the source was not asked. */
function standingOf(line: Line, answer: Checked<Artifact> | undefined): Asked {
  const { model, target, source, locked, origin } = line;
  const place = { model, target, source, ...(origin === undefined ? {} : { origin }) };
  const without = (status: Standing['status'], problem: Problem | null = null): Asked => ({
    standing: {
      ...place,
      status,
      locked: locked === null ? null : versionOf(locked),
      upstream: null,
      changed: [],
      downloadBytes: null,
      problem,
    },
    moved: null,
  });
  if (locked === null) return without('unlocked');
  if (answer === undefined) return without('pinned');
  if (!answer.ok) return without('unknown', worstOf(answer.problems, line));
  const { moved, changed, downloadBytes } = compareUpstream(locked, answer.value);
  return {
    standing: {
      ...place,
      status: moved ? 'moved' : 'current',
      locked: versionOf(locked),
      upstream: versionOf(answer.value),
      changed,
      downloadBytes,
      problem: null,
    },
    moved: moved ? answer.value : null,
  };
}

const isPinned = (source: string, sources: Sources): boolean =>
  sources.sourceOf(source).isPinned?.(source) ?? false;

/** With the Model that it is about, and where that names it. */
function worstOf(problems: readonly Problem[], { model, origin }: Line): Problem | null {
  const problem = problems.find(({ severity }) => severity === 'error');
  if (problem === undefined) return null;
  return { subject: `Model/${model}`, ...(origin === undefined ? {} : { origin }), ...problem };
}
