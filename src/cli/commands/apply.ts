// `modelctl apply`: makes the machine hold what the manifests declare, from manifests or from a
// saved plan.

import { isServiceAction, type Plan } from '../../core/plan.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import type { ReconcileRequest, Reconciliation } from '../../reconcile.ts';
import { renderLock, renderSummary } from '../../render/changeset.ts';
import { changeSetDocument } from '../../render/document.ts';
import { type PlanOptions, renderNoChanges, renderRemains } from '../../render/plan.ts';
import { type Arguments, valuesOf } from '../arguments.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { nextStep } from '../next-step.ts';
import { lockTimeoutMsOf, planningOf, rateLimitOf } from '../reconcile-request.ts';
import { reconcileInView } from '../reconcile-run.ts';
import { readSavedPlan } from '../saved-plan.ts';

export const apply: CommandRun = async (context) => {
  const { given, output } = context;
  const request = await requestOf(context);
  const result = await reconcileInView(
    { ...request, ...rateLimitOf(given), mode: 'apply', lockTimeoutMs: lockTimeoutMsOf(given) },
    context,
  );
  if (result.plan === null) return result.exitCode;
  await output.document(changeSetDocument(changesOf(result, result.plan)), result.exitCode);
  output.names(changedNames(result));
  output.text(summary(result, result.plan, { style: output.style, ...output.typed }));
  tellCircumstances(result, context);
  return result.exitCode;
};

function summary({ changes }: Reconciliation, plan: Plan, options: PlanOptions): string {
  const remains = renderRemains(plan, options);
  const join = (...sections: readonly string[]): string =>
    sections.filter((section) => section !== '').join('\n\n');
  // Apart from the lines of the actions, which are above it by now.
  if (changes !== null) return `\n${join(renderSummary(changes), remains)}`;
  // A saved plan that was refused has actions, and none of them was begun.
  return join(plan.actions.length === 0 ? renderNoChanges(plan) : '', remains);
}

/** What came about on the way, and what a person may want next. */
function tellCircumstances(result: Reconciliation, context: CommandContext): void {
  const { output, program, terminal } = context;
  if (result.lock !== null) output.remark(renderLock(result.lock, terminal.workingFolder));
  if (result.changes === null) return;
  if (result.exitCode === exitCode.done) output.remark(nextStep(result, program));
}

async function requestOf(context: CommandContext): Promise<Omit<ReconcileRequest, 'mode'>> {
  const [saved] = context.given.positionals;
  if (saved === undefined) return planningOf(context.given);
  refuseFlags(context.given);
  return readSavedPlan(saved, context);
}

/** A saved plan is what it is: a flag that would change it is a misunderstanding. */
function refuseFlags(given: Arguments): void {
  const planning = given.command?.flags ?? [];
  const own = new Set(['lock-timeout', 'limit-rate', 'output', 'json']);
  const extra = planning.find(({ name }) => !own.has(name) && valuesOf(given, name).length > 0);
  if (extra === undefined) return;
  throw new ProblemError(
    errorProblem({
      code: 'cli/flag-with-plan',
      summary: 'A saved plan takes no planning flags',
      detail: `--${extra.name} would make it another plan.`,
      remedy: 'Leave the flag out, or plan again with it.',
    }),
  );
}

/** A run without anything to do is a change set without entries. */
const changesOf = ({ changes }: Reconciliation, plan: Plan) =>
  changes ?? { plan, entries: [], interrupted: false };

const changedNames = ({ changes }: Reconciliation): readonly string[] => [
  ...new Set(
    (changes?.entries ?? [])
      .filter(({ outcome }) => outcome !== 'unchanged' && outcome !== 'skipped')
      .map(({ action }) =>
        isServiceAction(action) ? `backend/${action.model}` : `model/${action.name}`,
      ),
  ),
];
