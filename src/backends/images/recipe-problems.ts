// What engines that read a recipe themselves cannot take of it: parameters that they do not have, and
// templates in the language of Ollama. Pure.
import type { ParameterValue } from '../../core/desired.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import type { Problem } from '../../core/problem.ts';
import type { ModelRequest } from '../backend.ts';
import { unsupported } from '../unsupported.ts';
import type { ParameterChecks } from './parameters.ts';

/** `engine` begins a sentence, as in `The embedded engine`. */
export interface RecipeReader {
  readonly engine: string;
  readonly parameters: ParameterChecks;
}

export function recipeProblems(
  derive: ModelRequest['derive'],
  reader: RecipeReader,
): readonly Problem[] {
  const problems = Object.entries(derive?.parameters ?? {}).flatMap(([name, value]) =>
    parameterProblems(name, value, reader),
  );
  return isGoTemplate(derive?.template ?? '') ? [...problems, goTemplate(reader)] : problems;
}

function parameterProblems(
  name: string,
  value: ParameterValue,
  { engine, parameters }: RecipeReader,
): readonly Problem[] {
  const path = `spec.derive.parameters.${name}`;
  const known = parameters[name];
  if (known === undefined) {
    const meant = didYouMean(name, Object.keys(parameters));
    return [
      unsupported(
        path,
        `${engine} has no parameter ${name}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
        `Leave it out, or take one of ${Object.keys(parameters).join(', ')}.`,
      ),
    ];
  }
  if (known.is(value)) return [];
  return [unsupported(path, `${name} is ${JSON.stringify(value)}.`, `Make it ${known.wanted}.`)];
}

/** `{{ .Prompt }}`, `{{- if .System }}`: Ollama's kind. In Jinja a dot never begins an expression. */
const isGoTemplate = (template: string): boolean =>
  /\{\{-?\s*(?:\.[A-Z]|(?:if|range|with|template|else|end|block|define)\b)/.test(template);

const goTemplate = ({ engine }: RecipeReader): Problem =>
  unsupported(
    'spec.derive.template',
    `${engine} takes Jinja templates, and this is one of Go's, as Ollama takes them.`,
    'Write it as Jinja, or leave it out: the model brings its own.',
  );
