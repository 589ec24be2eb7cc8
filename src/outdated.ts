// What moved upstream since it was locked? Compares every line of a set's lock with what its source
// serves now. Reads only: neither engines nor the ledger are looked at, and nothing is written.
import { type Problem, ProblemError } from './core/problem.ts';
import type { Standing } from './core/upstream.ts';
import { readDeclaredSet } from './locking/declared-set.ts';
import { standingsOf } from './locking/standings.ts';
import { lockingContext, type SourcesContext } from './locking-context.ts';
import { unknownModels } from './named.ts';

export interface OutdatedRequest {
  /** Files, folders, globs or `-`, as with `-f`. */
  readonly inputs: readonly string[];
  /** Names of Models: only these are looked at. Default: all that are declared. */
  readonly models?: readonly string[];
}

export interface Outdated {
  /** One for each Model, target and source, in the order declared. */
  readonly standings: readonly Standing[];
  /** Why the manifests or the lock could not be used, and warnings. */
  readonly problems: readonly Problem[];
  /** 1 invalid, 3 a source could not be asked, 130 aborted. */
  readonly exitCode: 0 | 1 | 3 | 130;
}

/** Expected failures are in the result; it rejects only for bugs of ours. */
export async function outdated(
  request: OutdatedRequest,
  context: SourcesContext,
): Promise<Outdated> {
  const stopped = (problems: readonly Problem[], exitCode: Outdated['exitCode']): Outdated => ({
    standings: [],
    problems,
    exitCode,
  });
  try {
    const set = await readDeclaredSet(request.inputs, lockingContext(context));
    if (!set.ok) return stopped(set.problems, 1);
    const { manifests, references, state } = set.value;
    const unknown = unknownModels('lock/unknown-model', request.models ?? [], manifests);
    if (unknown.length > 0) return stopped([...set.problems, ...unknown], 1);
    const isMeant = (model: string): boolean => request.models?.includes(model) ?? true;
    const lines = references.flatMap((reference) =>
      isMeant(reference.model) ? [{ ...reference, locked: state.locked(reference) ?? null }] : [],
    );
    const asked = await standingsOf(lines, set.value.context);
    const standings = asked.map(({ standing }) => standing);
    const isAnswered = standings.every(({ status }) => status !== 'unknown');
    return { standings, problems: set.problems, exitCode: isAnswered ? 0 : 3 };
  } catch (error) {
    if (context.signal.aborted) return stopped([], 130);
    if (error instanceof ProblemError) return stopped([error.problem], 3);
    throw error;
  }
}
