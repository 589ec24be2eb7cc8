// `modelctl outdated`: what moved upstream since it was locked.
import type { Standing } from '../../core/upstream.ts';
import { outdated as askUpstream } from '../../outdated.ts';
import { renderRemedy } from '../../render/problem.ts';
import { count } from '../../render/quantity.ts';
import { standingColumns, standingItem } from '../../render/upstream.ts';
import { isSet } from '../arguments.ts';
import { asking } from '../asking.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { printList } from '../list-output.ts';
import { inputsOf } from '../reconcile-request.ts';

export const outdated: CommandRun = async (context) => {
  const { given, output } = context;
  const names = given.positionals;
  const request = { inputs: inputsOf(given), ...(names.length === 0 ? {} : { models: names }) };
  const result = await asking(context, (ports) => askUpstream(request, ports));
  const { standings, problems } = result;
  const isStopped = problems.some(({ severity }) => severity === 'error');
  if (isStopped || result.exitCode === exitCode.interrupted) return result.exitCode;
  for (const { problem } of standings) if (problem !== null) output.problem(problem);
  const isMoved = standings.some(({ status }) => status === 'moved');
  const detailed = isSet(given, 'detailed-exitcode') && isMoved;
  const code = result.exitCode === 0 && detailed ? exitCode.changes : result.exitCode;
  // Who names a Model wants to know of it, whatever there is to know.
  const showAll = isSet(given, 'all') || names.length > 0;
  const rows = showAll ? standings : standings.filter(({ status }) => !quiet.has(status));
  const empty = `Up to date: ${count(standings.length, 'source')}.`;
  const listing = { kind: 'OutdatedList', columns: standingColumns, item: standingItem, empty };
  await printList({ ...listing, rows }, output, code);
  if (isMoved) output.remark(renderRemedy('To take what moved: `modelctl update`.', output.typed));
  if (rows.some(({ status }) => status === 'unlocked')) {
    output.remark(renderRemedy('To lock what is not locked yet: `modelctl lock`.', output.typed));
  }
  return code;
};

/** Nothing can be done about them. */
const quiet: ReadonlySet<Standing['status']> = new Set(['current', 'pinned']);
