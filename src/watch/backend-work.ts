// The piece of work that is about one engine: look, and if there is anything to do, do it under the
// lock of this machine. A look that finds nothing takes no lock and writes nothing.
import { type ApplySurroundings, apply, hasWork } from '../apply.ts';
import { type Considered, type LookRequest, look } from '../consider.ts';
import type { ChangeSet } from '../core/changeset.ts';
import { type Problem, ProblemError } from '../core/problem.ts';
import type { Declaration, Surroundings } from '../declare.ts';
import type { Hold } from './hold.ts';

export type BackendEnd =
  /** `changes` is null when there was nothing to do. */
  | {
      readonly kind: 'looked';
      readonly considered: Considered;
      readonly changes: ChangeSet | null;
    }
  | { readonly kind: 'busy'; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly problem: Problem };

export async function reconcileBackend(
  declaration: Declaration,
  request: LookRequest,
  around: Surroundings & Pick<ApplySurroundings, 'cacheFolder' | 'report'>,
  hold: Hold,
): Promise<BackendEnd> {
  const seen = await look(declaration, request, around);
  if (!hasWork(seen, around)) return { kind: 'looked', considered: seen, changes: null };
  if (around.ledger.problem !== null) return { kind: 'failed', problem: around.ledger.problem };
  try {
    const outcome = await hold.during(async ({ ledger, companions }): Promise<BackendEnd> => {
      if (ledger.problem !== null) return { kind: 'failed', problem: ledger.problem };
      const held = { ...around, ledger, companions };
      const considered = await look(declaration, request, held);
      if (!hasWork(considered, held)) return { kind: 'looked', considered, changes: null };
      if (considered.plan.actions.length > 0) {
        around.report({ kind: 'planned', plan: considered.plan });
      }
      const { changes } = await apply(considered, held);
      return { kind: 'looked', considered, changes };
    });
    return outcome.kind === 'refused' ? busyOrFailed(outcome.problem) : outcome.value;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { kind: 'failed', problem: error.problem };
  }
}

const busyOrFailed = (problem: Problem): BackendEnd =>
  problem.code === 'record/locked' ? { kind: 'busy', problem } : { kind: 'failed', problem };
