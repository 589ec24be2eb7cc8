// `modelctl update [NAME...]`: moves entries of the lock to what upstream serves now, and prints the
// difference for a commit or a pull request.
import { apiVersion } from '../../render/document.ts';
import { renderPath } from '../../render/problem.ts';
import { count } from '../../render/quantity.ts';
import { renderUpdateMarkdown, renderUpdateMessage, standingItem } from '../../render/upstream.ts';
import { update as moveEntries } from '../../update.ts';
import { isSet } from '../arguments.ts';
import { asking } from '../asking.ts';
import type { CommandRun } from '../command-context.ts';
import { inputsOf } from '../reconcile-request.ts';

export const update: CommandRun = async (context) => {
  const { given, output, terminal } = context;
  const names = given.positionals;
  const request = {
    inputs: inputsOf(given),
    dryRun: isSet(given, 'dry-run'),
    ...(names.length === 0 ? {} : { models: names }),
  };
  const result = await asking(context, (ports) => moveEntries(request, ports));
  const { path, standings, written, exitCode } = result;
  if (path === null) return exitCode;
  await output.document(
    { apiVersion, kind: 'UpdateReport', path, written, items: standings.map(standingItem) },
    exitCode,
  );
  const moved = standings.filter(({ status }) => status === 'moved');
  if (standings.length === 0) output.remark('Everything is up to date.');
  if (output.format === 'markdown') output.text(renderUpdateMarkdown(standings));
  else if (moved.length > 0) output.text(renderUpdateMessage(moved));
  if (moved.length === 0) return exitCode;
  const where = renderPath(path, terminal.workingFolder);
  const entries = count(moved.length, 'entry', 'entries');
  const gap = output.format === 'text' ? '\n' : '';
  output.remark(
    written
      ? `${gap}Lock: ${where}, ${entries} moved.`
      : `${gap}Nothing was written: without --dry-run ${entries} of ${where} would move.`,
  );
  return exitCode;
};
