// `modelctl repair [NAME...]`: brings back the bytes of damaged files.
import { apiVersion } from '../../render/document.ts';
import {
  renderLoaded,
  renderRepair,
  repairItem,
  repairSummary,
  verifiedItem,
  verifiedRows,
} from '../../render/verification.ts';
import { repair as repairFiles } from '../../repair.ts';
import { isSet } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { hashing, verifyRequestOf } from '../hashing.ts';
import { lockTimeoutMsOf, rateLimitOf } from '../reconcile-request.ts';

export const repair: CommandRun = async (context) => {
  const { given, output } = context;
  const request = {
    ...verifyRequestOf(given),
    dryRun: isSet(given, 'dry-run'),
    lockTimeoutMs: lockTimeoutMsOf(given),
    ...rateLimitOf(given),
  };
  const result = await hashing(context, (ports) => repairFiles(request, ports));
  const { repairs, copies, names, problems, exitCode } = result;
  const isStopped = copies.length + names.length + repairs.length === 0;
  if (isStopped && problems.some(({ severity }) => severity === 'error')) return exitCode;
  const others = verifiedRows(copies, names);
  for (const { problem } of others) if (problem !== null) output.problem(problem);
  for (const { problem } of repairs) if (problem !== null) output.problem(problem);
  const unchecked = others.filter(({ status }) => status !== 'intact');
  await output.document(
    {
      apiVersion,
      kind: 'RepairReport',
      dryRun: request.dryRun,
      repairs: repairs.map(repairItem),
      unchecked: unchecked.map(verifiedItem),
    },
    exitCode,
  );
  output.text(repairs.map((one) => renderRepair(one)).join('\n'));
  output.remark(repairSummary(repairs, { dryRun: request.dryRun, unchecked: unchecked.length }));
  for (const text of renderLoaded(repairs)) output.remark(text);
  return exitCode;
};
