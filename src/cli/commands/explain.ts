// `modelctl explain model.spec.runtime`: what a field of a manifest means, from the schemas.
import { explain as explainField, type FieldExplanation } from '../../manifest/explain.ts';
import { apiVersion } from '../../render/document.ts';
import { isSet } from '../arguments.ts';
import type { CommandRun } from '../command-context.ts';
import { exitCode } from '../exit-code.ts';
import { renderExplanation } from '../explanation.ts';

export const explain: CommandRun = async (context) => {
  const { given, output, program } = context;
  const options = { isRecursive: isSet(given, 'recursive') };
  const explained = explainField(given.positionals[0] ?? '', options);
  if (!explained.ok) {
    for (const problem of explained.problems) output.problem(problem);
    return exitCode.invalid;
  }
  const field: FieldExplanation = explained.value;
  await output.document({ apiVersion, kind: 'FieldExplanation', ...field }, exitCode.done);
  const columns = Math.min(context.terminal.stdout.columns(), 100);
  output.text(renderExplanation(field, { style: output.style, columns, program }));
  return exitCode.done;
};
