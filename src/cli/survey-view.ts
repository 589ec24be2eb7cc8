// Runs a survey for get, describe and adopt: from flags to what was found, problems told once.
import { errorProblem, ProblemError } from '../core/problem.ts';
import type { Survey, SurveyedModel } from '../core/surveyed.ts';
import { renderSentence } from '../render/redact.ts';
import { valueOf, valuesOf } from './arguments.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCode, exitCodeOf } from './exit-code.ts';
import { firstOf } from './first-problem.ts';
import { parseSelector } from './selector.ts';

export async function surveyInView(
  context: CommandContext,
  options: { readonly withWeights?: boolean } = {},
): Promise<Survey> {
  const { given, output, signal } = context;
  const [io, { survey }] = await Promise.all([context.io(), import('../survey.ts')]);
  const host = valueOf(given, 'host');
  const inputs = valuesOf(given, 'filename');
  const request = { inputs, ...options, ...(host === undefined ? {} : { host }) };
  const found = await survey(request, { io, signal });
  for (const problem of found.problems) output.problem(problem);
  return found;
}

/** The worst of what stood in the way; an engine that is down does not. */
export const surveyExitCode = (found: Survey): ExitCode =>
  found.problems.map(exitCodeOf).find((code) => code !== exitCode.done) ?? exitCode.done;

/** What an engine that is down hides, told once for each that matters. */
export function tellUnreachable(found: Survey, context: CommandContext): void {
  for (const { isKnown, problem } of found.backends) {
    if (!isKnown || problem === null) continue;
    context.output.remark(`Unreachable: ${renderSentence(problem.detail)}`);
  }
}

/** By Model name or served name, exactly; a name without a tag finds `:latest` too. */
export const modelsNamed = (
  found: readonly SurveyedModel[],
  name: string,
): readonly SurveyedModel[] =>
  found.filter((one) => one.model === name || one.name === name || one.name === `${name}:latest`);

/** Of -l. Throws ProblemError when it is none, or when there are no labels to select by. */
export function selectorOf(context: CommandContext): (model: SurveyedModel) => boolean {
  const text = valueOf(context.given, 'selector');
  if (text === undefined) return () => true;
  if (valuesOf(context.given, 'filename').length === 0) {
    throw new ProblemError(
      errorProblem({
        code: 'cli/selector-without-file',
        summary: 'Labels stand in manifests only',
        detail: '-l selects Models by their labels, which engines do not know.',
        remedy: 'Name the manifests too:\n\n    modelctl get -f models.yaml -l team=search',
      }),
    );
  }
  const parsed = parseSelector(text);
  if (!parsed.ok) throw firstOf(parsed.problems);
  return (model) => parsed.value(model.labels);
}
