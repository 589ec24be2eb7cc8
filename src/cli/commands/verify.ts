// `modelctl verify [NAME...]`: whether the bytes of models are still those that are locked.
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { renderRemedy } from '../../render/problem.ts';
import {
  repairCommand,
  verifiedColumns,
  verifiedItem,
  verifiedRows,
  verifiedSummary,
} from '../../render/verification.ts';
import { verify as verifyFiles } from '../../verify.ts';
import { isSet } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { hashing, verifyRequestOf } from '../hashing.ts';
import { printList } from '../list-output.ts';

export const verify: CommandRun = async (context) => {
  const { given, output } = context;
  if (isSet(given, 'quick') && isSet(given, 'full')) throw new ProblemError(quickAndFull);
  const result = await hashing(context, (ports) => verifyFiles(verifyRequestOf(given), ports));
  const { copies, names, problems } = result;
  const isStopped = copies.length === 0 && names.length === 0;
  if (isStopped && problems.some(({ severity }) => severity === 'error')) return result.exitCode;
  const all = verifiedRows(copies, names);
  const isData = output.streaming || output.format === 'json' || output.format === 'yaml';
  const showAll = isData || isSet(given, 'all');
  const rows = showAll ? all : all.filter(({ status }) => status !== 'intact');
  for (const { problem } of all) if (problem !== null && !isData) output.problem(problem);
  const summary = verifiedSummary(all);
  const listing = {
    kind: 'VerificationList',
    columns: verifiedColumns,
    item: verifiedItem,
    empty: '',
  };
  if (rows.length > 0 || isData) await printList({ ...listing, rows }, output, result.exitCode);
  if (result.exitCode === exitCode.interrupted)
    output.remark('Interrupted: not everything was looked at.');
  output.remark(summary);
  const repair = repairCommand(all);
  if (repair !== null)
    output.remark(renderRemedy(`To bring the bytes back: \`${repair}\`.`, output.typed));
  return result.exitCode;
};

const quickAndFull = errorProblem({
  code: 'cli/quick-and-full',
  summary: 'Two flags contradict each other',
  detail: '--quick and --full were both given.',
  remedy: 'Leave one of them out.',
});
