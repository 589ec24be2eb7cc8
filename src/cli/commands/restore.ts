// `modelctl restore PATH [NAME...]`: takes a bundle in, without any network.

import { apiVersion } from '../../render/document.ts';
import { escapeText } from '../../render/escape.ts';
import { renderPath } from '../../render/problem.ts';
import { count, formatBytes, joinWords } from '../../render/quantity.ts';
import { restore as take } from '../../restore.ts';
import { isSet, valueOf } from '../arguments.ts';
import type { CommandContext, CommandRun } from '../command-context.ts';
import { createCopyView } from '../copy-view.ts';
import { lockTimeoutMsOf } from '../reconcile-request.ts';
import { quoted } from '../shell.ts';

export const restore: CommandRun = async (context) => {
  const { given, output, terminal, signal } = context;
  const [path = '', ...names] = given.positionals;
  const to = valueOf(given, 'to');
  const request = {
    path,
    overwrite: isSet(given, 'overwrite'),
    lockTimeoutMs: lockTimeoutMsOf(given),
    ...(to === undefined ? {} : { to }),
    ...(names.length === 0 ? {} : { models: names }),
  };
  const io = await context.io();
  const view = createCopyView(context, io);
  const { onProgress } = view;
  const result = await take(request, { io, signal, onProgress }).finally(view.end);
  for (const problem of result.problems) output.problem(problem);
  const { folder, manifests, models, absent, exitCode } = result;
  if (folder === null) return exitCode;
  await output.document(
    { apiVersion, kind: 'RestoreReport', folder, manifests, models, absent },
    exitCode,
  );
  const seen = (one: string): string => renderPath(one, terminal.workingFolder);
  const stores = [...new Set(models.map(({ store }) => store))];
  output.text(
    [
      ...stores.map((store) => {
        const inIt = models.filter((one) => one.store === store);
        const bytes = inIt.reduce((sum, one) => sum + one.bytes, 0);
        const chosen = new Set(inIt.map(({ model }) => model));
        return `Bytes: ${seen(store)}, ${count(chosen.size, 'model')}, ${formatBytes(bytes)}.`;
      }),
      `Set: ${seen(folder)}, ${count(manifests.length, 'manifest')} and the lock.`,
    ].join('\n'),
  );
  if (absent.length > 0) {
    output.remark(`Without bytes in the bundle: ${escapeText(joinWords(absent))}.`);
  }
  const restored = new Set(models.map(({ model }) => model));
  const isPart = absent.length > 0 || names.length > 0;
  const targets = isPart ? [...restored].map((name) => ` --target ${quoted(name)}`).join('') : '';
  output.remark(`Next: ${nextStep(context, manifests.map(seen))}${targets}`);
  return exitCode;
};

function nextStep({ program }: CommandContext, manifests: readonly string[]): string {
  return `${program} apply --locked ${manifests.map((one) => `-f ${quoted(one)}`).join(' ')}`;
}
