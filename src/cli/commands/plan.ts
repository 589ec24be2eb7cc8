// `modelctl plan`: what apply would do, and why.
import { planDocument } from '../../render/document.ts';
import { renderPlan } from '../../render/plan.ts';
import { renderPlanMarkdown } from '../../render/plan-markdown.ts';
import { isSet, valueOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { planningOf } from '../reconcile-request.ts';
import { reconcileInView } from '../reconcile-run.ts';
import { refuseUnsavable, savePlan } from '../saved-plan.ts';

export const plan: CommandRun = async (context) => {
  const { given, output } = context;
  const planning = { ...planningOf(given), refreshOnly: isSet(given, 'refresh-only') };
  const out = valueOf(given, 'out');
  if (out !== undefined) refuseUnsavable(planning);
  const result = await reconcileInView({ ...planning, mode: 'plan' }, context);
  if (result.plan === null) return result.exitCode;
  const detailed = isSet(given, 'detailed-exitcode') && result.plan.actions.length > 0;
  // What is held does not count: a plan that can be made is a plan that was made.
  const code: ExitCode = detailed ? exitCode.changes : exitCode.done;
  if (out !== undefined) await savePlan(out, planning, result.plan, context);
  await output.document(planDocument(result.plan), code);
  output.text(
    output.format === 'markdown'
      ? renderPlanMarkdown(result.plan)
      : renderPlan(result.plan, { style: output.style, ...output.typed, verbose: output.verbose }),
  );
  return code;
};
