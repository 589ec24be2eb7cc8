// Which names serving a Model takes on a llama-server, and what it cannot do. Pure.
import type { Artifact } from '../../core/artifact.ts';
import { isGgufModel } from '../../core/artifact-files.ts';
import { type Checked, checked, type Problem, refused } from '../../core/problem.ts';
import type { ModelRequest, PlacementShape } from '../backend.ts';
import { adapterProblems, unusedLayers } from '../images/ollama-layers.ts';
import { recipeProblems } from '../images/recipe-problems.ts';
import { cacheProblems } from '../images/runtime-problems.ts';
import { isBaseName, nameProblems, shapesOf } from '../images/shapes.ts';
import { unsupported } from '../unsupported.ts';
import { weightsProblems } from '../weights-file.ts';
import { flagProblems } from './flags.ts';
import { canonicalName } from './names.ts';
import { samplingKeys, servedParameters } from './options.ts';
import { shardPattern } from './sections.ts';

const engine = 'llama-server';

export function check(request: ModelRequest): Checked<readonly PlacementShape[]> {
  const { artifact, derive, runtime, source } = request;
  const taken = new Set(samplingKeys(derive?.parameters).map(([key]) => key));
  const refusals = [
    ...(/^hf:[^@]*\.safetensors@/i.test(source) ? [notGguf] : []),
    ...adapterProblems(artifact, engine),
    ...weightsProblems(artifact, 'merged'),
    ...shardProblems(artifact),
    ...nameProblems(request, (name) => (isBaseName(name) ? null : canonicalName(name))),
    ...cacheProblems(runtime),
    ...flagProblems(runtime.flags, taken),
    ...(derive?.system === undefined ? [] : [noSystem]),
    ...recipeProblems(derive, { engine, parameters: servedParameters }),
  ];
  if (refusals.length > 0) return refused(...refusals);
  return checked(shapesOf(request), unusedLayers(artifact, engine));
}

const notGguf = unsupported(
  'spec.source',
  'llama-server opens models in GGUF, and this one is in safetensors.',
  'Choose a repository with GGUF files, which many have beside their own, or another engine.',
);

const noSystem = unsupported(
  'spec.derive.system',
  'llama-server keeps no system prompt for a model: clients send it with each conversation.',
  'Leave it out, write it into spec.derive.template, or use another engine.',
);

function shardProblems(artifact: Artifact | undefined): readonly Problem[] {
  if (artifact === undefined) return [];
  const { files, weights, source } = artifact;
  if (files.some(({ digest }) => digest === weights)) return [];
  const parts = files.filter(({ path }) => isGgufModel(path));
  if (parts.length > 0 && parts.every(({ path }) => shardPattern.test(path))) return [];
  return [
    unsupported(
      'spec.source',
      `The weights of ${source} are spread over several files whose names do not say which comes first.`,
      'Choose a version whose files end in -00001-of-0000N.gguf, or one in a single file.',
    ),
  ];
}
