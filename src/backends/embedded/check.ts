// Which names serving a Model takes on the embedded engine, and what it cannot do. Pure.
import { type Checked, checked, type Problem, refused } from '../../core/problem.ts';
import type { ModelRequest, PlacementShape } from '../backend.ts';
import { adapterProblems, unusedLayers } from '../images/ollama-layers.ts';
import { parameterChecks } from '../images/parameters.ts';
import { recipeProblems } from '../images/recipe-problems.ts';
import { cacheProblems } from '../images/runtime-problems.ts';
import { canonicalName, nameProblems, shapesOf } from '../images/shapes.ts';
import { unsupported } from '../unsupported.ts';
import { weightsProblems } from '../weights-file.ts';

const engine = 'The embedded engine';

export function check(request: ModelRequest): Checked<readonly PlacementShape[]> {
  const refusals = [
    ...sourceProblems(request),
    ...weightsProblems(request.artifact, 'refused'),
    ...nameProblems(request, canonicalName),
    ...cacheProblems(request.runtime),
    ...recipeProblems(request.derive, { engine, parameters: parameterChecks }),
  ];
  if (refusals.length > 0) return refused(...refusals);
  return checked(shapesOf(request), unusedLayers(request.artifact, engine));
}

const notGguf = unsupported(
  'spec.source',
  'The embedded engine opens models in GGUF, and this one is in safetensors.',
  'Choose a repository with GGUF files, which many have beside their own, or another engine.',
);

const sourceProblems = ({ source, artifact }: ModelRequest): readonly Problem[] => [
  ...(/^hf:[^@]*\.safetensors@/i.test(source) ? [notGguf] : []),
  ...adapterProblems(artifact, 'the embedded engine'),
];
