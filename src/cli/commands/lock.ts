// `modelctl lock`: writes models.lock.yaml, and does nothing else.
import { lock as writeLock } from '../../lock.ts';
import { apiVersion } from '../../render/document.ts';
import { renderPath } from '../../render/problem.ts';
import { count } from '../../render/quantity.ts';
import { lineItem, renderLine } from '../../render/upstream.ts';
import { isSet } from '../arguments.ts';
import { asking } from '../asking.ts';
import type { CommandRun } from '../command-context.ts';
import { inputsOf } from '../reconcile-request.ts';

export const lock: CommandRun = async (context) => {
  const { given, output, terminal } = context;
  const request = { inputs: inputsOf(given), check: isSet(given, 'check') };
  const result = await asking(context, (ports) => writeLock(request, ports));
  const { path, added, removed, changed, written, exitCode } = result;
  if (path === null) return exitCode;
  await output.document(
    {
      apiVersion,
      kind: 'LockReport',
      path,
      changed,
      written,
      added: added.map(lineItem),
      removed: removed.map(lineItem),
    },
    exitCode,
  );
  const where = renderPath(path, terminal.workingFolder);
  const amounts = [
    ...(added.length > 0 ? [`${count(added.length, 'entry', 'entries')} added`] : []),
    ...(removed.length > 0 ? [`${count(removed.length, 'entry', 'entries')} removed`] : []),
  ];
  const what = amounts.length === 0 ? 'its list of files changed' : amounts.join(', ');
  output.text(
    [
      ...added.map((line) => renderLine('+', line)),
      ...removed.map((line) => renderLine('-', line)),
      ...(changed && request.check ? [`${where} is stale.`] : []),
      ...(changed && !request.check ? [`Lock: ${where}, ${what}.`] : []),
      ...(!changed && exitCode === 0 ? [`${where} is up to date.`] : []),
    ].join('\n'),
  );
  return exitCode;
};
