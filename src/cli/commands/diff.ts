// `modelctl diff`: what apply would change, field by field. 2 when something would.
import { type ActionChanges, fieldChanges } from '../../core/field-change.ts';
import { backendKey, placementKey } from '../../core/key.ts';
import type { Reconciliation } from '../../reconcile.ts';
import { renderDiff } from '../../render/diff.ts';
import { diffDocument } from '../../render/document.ts';
import { renderRemains } from '../../render/plan.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { planningOf } from '../reconcile-request.ts';
import { reconcileInView } from '../reconcile-run.ts';

export const diff: CommandRun = async (context) => {
  const { given, output } = context;
  const result = await reconcileInView({ ...planningOf(given), mode: 'plan' }, context);
  if (result.plan === null) return result.exitCode;
  const all = changesOf(result);
  const code = all.length > 0 ? exitCode.changes : exitCode.done;
  await output.document(diffDocument(all), code);
  output.text(renderDiff(all, output.style));
  // No difference prints nothing on stdout, as with diff itself; what is held is told beside it.
  output.remark(renderRemains(result.plan, { style: output.remarkStyle, ...output.typed }));
  return code;
};

const changesOf = ({ plan, desired, observed }: Reconciliation): readonly ActionChanges[] =>
  (plan?.actions ?? []).map((action) => {
    const backend = observed?.backends.get(backendKey(action));
    const there = backend?.kind === 'reachable' ? backend.placements.get(action.name) : undefined;
    const wanted = desired?.placements.get(placementKey(action));
    return { action, changes: fieldChanges(action, wanted ?? null, there ?? null) };
  });
