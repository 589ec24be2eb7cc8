// `modelctl bundle [NAME...] --out PATH`: a set with its models as one OCI image layout.
import { bundle as write } from '../../bundle.ts';
import { errorProblem, ProblemError } from '../../core/problem.ts';
import { apiVersion } from '../../render/document.ts';
import { renderPath } from '../../render/problem.ts';
import { count, formatBytes } from '../../render/quantity.ts';
import { valueOf } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { createCopyView } from '../copy-view.ts';
import { inputsOf, lockTimeoutMsOf, rateLimitOf } from '../reconcile-request.ts';
import { parseSelector } from '../selector.ts';

export const bundle: CommandRun = async (context) => {
  const { given, output, terminal, signal } = context;
  const out = valueOf(given, 'out');
  if (out === undefined) throw new ProblemError(missingOut);
  const selector = valueOf(given, 'selector');
  const selects = selector === undefined ? null : parseSelector(selector);
  if (selects?.ok === false) {
    for (const problem of selects.problems) output.problem(problem);
    return 1;
  }
  const names = given.positionals;
  const request = {
    inputs: inputsOf(given),
    path: out,
    lockTimeoutMs: lockTimeoutMsOf(given),
    ...rateLimitOf(given),
    ...(names.length === 0 ? {} : { models: names }),
    ...(selects === null ? {} : { selects: selects.value }),
  };
  const io = await context.io();
  const view = createCopyView(context, io);
  const { onProgress } = view;
  const result = await write(request, { io, signal, onProgress }).finally(view.end);
  for (const problem of result.problems) output.problem(problem);
  const { path, models, bytes, writtenBytes, exitCode } = result;
  if (path === null) return exitCode;
  await output.document(
    { apiVersion, kind: 'BundleReport', path, models, bytes, writtenBytes },
    exitCode,
  );
  const where = renderPath(path, terminal.workingFolder);
  const chosen = new Set(models.map(({ model }) => model));
  const what = `${count(chosen.size, 'model')}, ${formatBytes(bytes)}`;
  const news = writtenBytes === bytes ? '' : `, of which ${formatBytes(writtenBytes)} were written`;
  output.text(`Bundle: ${where}, ${what}${news}.`);
  return exitCode;
};

const missingOut = errorProblem({
  code: 'cli/missing-out',
  summary: 'No place for the bundle was named',
  detail: 'bundle needs to know where to write.',
  remedy: 'Name a folder, or a tar archive:\n\n    modelctl bundle --out models.tar',
});
