// `modelctl validate`: are the manifests right? Asks no engine and no registry.
import { load } from '../../manifest/load.ts';
import { validationDocument } from '../../render/document.ts';
import { count, joinWords } from '../../render/quantity.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { inputsOf } from '../reconcile-request.ts';

export const validate: CommandRun = async ({ given, io, output, signal }) => {
  const loaded = await load(inputsOf(given), await io(), signal);
  const { files, resources } = loaded.ok ? loaded.value : { files: [], resources: [] };
  const code = loaded.ok ? exitCode.done : exitCode.invalid;
  const isText = output.format === 'text';
  if (isText || output.streaming) for (const problem of loaded.problems) output.problem(problem);
  const named = resources.map(({ kind, metadata }) => ({ kind, name: metadata.name }));
  const report = { files, resources: named, problems: loaded.problems };
  await output.document(validationDocument(report), code);
  const errors = loaded.problems.filter(({ severity }) => severity === 'error').length;
  if (errors > 0 && isText) output.remark(`\n${count(errors, 'error')}.`);
  if (errors === 0) output.text(`Valid: ${countKinds(named)} in ${count(files.length, 'file')}.`);
  return code;
};

/** `2 Models and 1 Host`. */
const countKinds = (resources: readonly { readonly kind: string }[]): string =>
  joinWords(
    [...Map.groupBy(resources, ({ kind }) => kind)].map(([kind, ones]) =>
      count(ones.length, kind, kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`),
    ),
  );
