// Names that a person gave beside the manifests, as in `--target`. Each must be somebody's: a misspelt
// one would else be a wish that is not granted and not spoken of. Pure.
import type { Desired } from './core/desired.ts';
import { didYouMean } from './core/did-you-mean.ts';
import { errorProblem, type Problem, warningProblem } from './core/problem.ts';
import type { Manifests } from './core/resource.ts';

/** Errors: such a run would evaluate nothing and call that a success. */
export function unknownTargets(
  targets: readonly string[] = [],
  manifests: Manifests,
): readonly Problem[] {
  return unknownModels('plan/unknown-target', targets, manifests);
}

/** The same for any list of Model names. */
export function unknownModels(
  code: string,
  names: readonly string[],
  manifests: Manifests,
): readonly Problem[] {
  const models = modelsOf(manifests);
  return names
    .filter((name) => !models.has(name))
    .map((name) =>
      errorProblem({
        code,
        summary: 'There is no such Model',
        detail: `No Model "${name}" is declared.${hint(name, models)}`,
        remedy: 'Name a Model by its metadata.name.',
      }),
    );
}

/** Warnings: what it was meant for stays held, and a Model that cannot be resolved has no name yet. */
export function unknownTakeOvers(
  names: readonly string[] = [],
  manifests: Manifests,
  desired: Desired,
): readonly Problem[] {
  const served = [...desired.placements.values()].map(({ name }) => name);
  const known = new Set([...modelsOf(manifests), ...served]);
  return names
    .filter((name) => !known.has(name))
    .map((name) =>
      warningProblem({
        code: 'plan/unknown-take-over',
        summary: 'There is no such name to take over',
        detail: `Nothing that is declared is called "${name}".${hint(name, known)}`,
        remedy: 'Name a Model by its metadata.name, or a served name in full, as in `get`.',
      }),
    );
}

const modelsOf = ({ resources }: Manifests): ReadonlySet<string> =>
  new Set(resources.flatMap(({ kind, metadata }) => (kind === 'Model' ? [metadata.name] : [])));

function hint(name: string, known: ReadonlySet<string>): string {
  const tagged = [...known].find((one) => one.startsWith(`${name}:`));
  const near = tagged ?? didYouMean(name, known);
  return near === null ? '' : ` Did you mean "${near}"?`;
}
