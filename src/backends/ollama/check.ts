// Which names serving a Model takes on Ollama, and what each is made of. Pure. Options of a load
// that clients can override by leaving them out are baked into a derived name; options that Ollama
// has only for the whole server are refused.

import type { Artifact } from '../../core/artifact.ts';
import {
  type LoadOptions,
  type ParameterValue,
  type Recipe,
  staysLoaded,
} from '../../core/desired.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import type { Digest } from '../../core/digest.ts';
import { shortOllamaName } from '../../core/ollama-name.ts';
import { type Checked, checked, type Problem, warningProblem } from '../../core/problem.ts';
import type { ModelRequest, PlacementShape } from '../backend.ts';
import { unsupported } from '../unsupported.ts';
import { weightsProblems } from '../weights-file.ts';
import { canonicalName, importedBaseName, nameRefusal, parseName } from './names.ts';
import { canonicalParameters, fitsParameterType, parameterTypes } from './parameters.ts';
import { nameOfSource } from './translate.ts';

export function check(request: ModelRequest): Checked<readonly PlacementShape[]> {
  const recipe = recipeOf(request);
  const upstream = upstreamName(request.source);
  const served = servedName(request, recipe, upstream);
  const problems = [
    ...sourceProblems(request),
    ...serverWide(request.runtime),
    ...recipeProblems(request),
    ...nameProblems(request, recipe, upstream, served),
  ];
  const shapes = shapesOf(request, recipe, upstream, served);
  const failed = problems.some((problem) => problem.severity === 'error');
  return failed ? { ok: false, problems } : checked(shapes, problems);
}

/** See Backend.identify: a pulled manifest keeps its digest, and copies keep it too. */
export function identify(
  shape: PlacementShape,
  artifact: Artifact,
  shapes: readonly PlacementShape[],
): Digest | null {
  const { build } = shape;
  if (build.kind === 'source') return nameOfSource(artifact.source) && artifact.revision;
  if (build.kind === 'derive') return null;
  const original = shapes.find((one) => one.name === build.of);
  return original === undefined ? null : identify(original, artifact, shapes);
}

/** Bases first, then what is derived from or named after them, aliases last. */
function shapesOf(
  request: ModelRequest,
  recipe: Recipe | null,
  upstream: string | null,
  served: string,
): readonly PlacementShape[] {
  // What nobody has to pull yet needs no base either.
  const lent = request.residency === 'optional' ? 'optional' : 'stored';
  const model = { role: 'model', residency: request.residency, load: loadOf(request) } as const;
  const aside = { residency: lent, load: {} } as const;
  const source = { build: { kind: 'source' } } as const;
  const aliases = request.aliases.map((alias): PlacementShape => {
    const build = { kind: 'alias', of: served } as const;
    return { name: canonicalName(alias) ?? alias, role: 'alias', build, ...aside };
  });
  if (recipe !== null) {
    const base = upstream ?? importedBaseName(request.model);
    const build = { kind: 'derive', base, recipe } as const;
    return [
      { name: base, role: 'base', ...source, ...aside },
      { name: served, build, ...model },
      ...aliases,
    ];
  }
  if (upstream === null || upstream === served)
    return [{ name: served, ...source, ...model }, ...aliases];
  // Another name for what upstream calls otherwise: pulled under its own name, then copied, since
  // Ollama cannot pull under another one. A copy shares every byte.
  return [
    { name: upstream, role: 'base', ...source, ...aside },
    { name: served, build: { kind: 'alias', of: upstream }, ...model },
    ...aliases,
  ];
}

/** keepAlive is all that is sent with a load; see `load` in client.ts. */
function loadOf({ residency, runtime }: ModelRequest): LoadOptions {
  if (staysLoaded(residency)) return { keepAliveMs: 'forever' };
  return runtime.keepAliveMs === undefined ? {} : { keepAliveMs: runtime.keepAliveMs };
}

const upstreamName = (source: string): string | null => {
  const name = nameOfSource(source);
  return name === null ? null : canonicalName(shortOllamaName(name));
};

function servedName(request: ModelRequest, recipe: Recipe | null, upstream: string | null): string {
  const wanted = request.servedName ?? (recipe === null ? upstream : null) ?? request.model;
  return canonicalName(wanted) ?? wanted;
}

/** Every GPU layer there is: Ollama cuts it to what the model has. */
const allGpuLayers = 999;

/** What the served name adds to its source; null when it adds nothing. */
function recipeOf({ derive, runtime }: ModelRequest): Recipe | null {
  const parameters = canonicalParameters({ ...derive?.parameters, ...bakedParameters(runtime) });
  const { system, template, adapters } = derive ?? {};
  const recipe: Recipe = {
    ...(system === undefined ? {} : { system }),
    ...(template === undefined ? {} : { template }),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(adapters === undefined || adapters.length === 0 ? {} : { adapters }),
  };
  return Object.keys(recipe).length === 0 ? null : recipe;
}

const bakedNames = {
  contextLength: 'num_ctx',
  gpuLayers: 'num_gpu',
  threads: 'num_thread',
} as const;

function bakedParameters(runtime: LoadOptions): Record<string, number> {
  const parameters: Record<string, number> = {};
  for (const [field, name] of Object.entries(bakedNames)) {
    const value = runtime[field as keyof typeof bakedNames];
    if (value !== undefined) parameters[name] = value === 'all' ? allGpuLayers : value;
  }
  return parameters;
}

/** Plain http is a source's own business: it allows that on loopback only. */
const importedSchemes = ['hf', 'oci', 'file', 'https', 'http'];

function sourceProblems({ source, artifact }: ModelRequest): readonly Problem[] {
  const [scheme = '', rest = ''] = source.split('://');
  if (importedSchemes.includes(scheme)) return weightsProblems(artifact, 'merged');
  const refusal =
    scheme === 'ollama'
      ? nameRefusal(rest)
      : `Ollama takes ollama://, hf://, oci://, file:// and https:// sources; this one is ${scheme}://.`;
  if (refusal === null) return [];
  return [unsupported('spec.source', refusal, 'Choose another source, or another engine.')];
}

const serverWideSettings = {
  parallel: 'OLLAMA_NUM_PARALLEL',
  kvCacheType: 'OLLAMA_KV_CACHE_TYPE',
  flashAttention: 'OLLAMA_FLASH_ATTENTION',
} as const;

const serverWide = (runtime: LoadOptions): readonly Problem[] =>
  Object.entries(serverWideSettings)
    .filter(([field]) => runtime[field as keyof LoadOptions] !== undefined)
    .map(([field, variable]) =>
      unsupported(
        `spec.runtime.${field}`,
        `Ollama has ${field} only for the whole server, not for one model.`,
        `Take it out of the Model and set it where the server is started:\n\n    ${variable}=…`,
      ),
    );

function recipeProblems({ derive, runtime }: ModelRequest): readonly Problem[] {
  const problems: Problem[] = [];
  const baked = bakedParameters(runtime);
  for (const [name, value] of Object.entries(derive?.parameters ?? {})) {
    const path = `spec.derive.parameters.${name}`;
    const problem = parameterProblem(name, value, path);
    if (problem !== null) problems.push(problem);
    const other = baked[name];
    if (other !== undefined && other !== value) {
      const field = Object.entries(bakedNames).find(([, parameter]) => parameter === name)?.[0];
      const detail = `${path} says ${String(value)}, spec.runtime.${field} says ${other}.`;
      problems.push(unsupported(path, detail, `Keep spec.runtime.${field} alone.`));
    }
  }
  for (const field of ['system', 'template'] as const) {
    if (derive?.[field] !== '') continue;
    const detail = `Ollama keeps the ${field} of the base when it is given an empty one.`;
    problems.push(
      unsupported(`spec.derive.${field}`, detail, 'Remove the field, or give it a text.'),
    );
  }
  if ((derive?.adapters?.length ?? 0) > 1) {
    problems.push(
      unsupported(
        'spec.derive.adapters',
        'Ollama applies one adapter, not several.',
        'Merge them into one.',
      ),
    );
  }
  return problems;
}

function parameterProblem(name: string, value: ParameterValue, path: string): Problem | null {
  const type = parameterTypes[name];
  if (type === undefined) {
    const meant = didYouMean(name, Object.keys(parameterTypes));
    return warningProblem({
      code: 'backend/unknown-parameter',
      summary: 'Ollama may not know a parameter',
      detail: `Ollama ignores parameters that it does not know, and modelctl does not know ${name}.${
        meant === null ? '' : ` Did you mean ${meant}?`
      }`,
      remedy: 'Correct or remove it, unless your Ollama is newer than this modelctl.',
      path,
    });
  }
  if (fitsParameterType(type, value)) return null;
  const kind =
    type === 'texts' ? 'a text or a list of texts' : `${type === 'integer' ? 'an' : 'a'} ${type}`;
  return unsupported(
    path,
    `${name} must be ${kind}; Ollama would fail each request.`,
    'Correct the value.',
  );
}

function nameProblems(
  request: ModelRequest,
  recipe: Recipe | null,
  upstream: string | null,
  served: string,
): readonly Problem[] {
  const problems: Problem[] = [];
  const servedPath = request.servedName === undefined ? 'metadata.name' : 'spec.servedName';
  const taken = new Map<string, string>();
  const needsBase = upstream !== null && (recipe !== null || upstream !== served);
  const base =
    recipe !== null && upstream === null ? parseName(importedBaseName(request.model)) : {};
  if (base === null) {
    const detail = `The base of ${request.model} cannot be named after it: ${nameRefusal(request.model) ?? ''}`;
    problems.push(
      unsupported('metadata.name', detail, 'Choose a shorter or plainer metadata.name.'),
    );
  }
  if (needsBase) taken.set(upstream, 'the own name of the source, which keeps what upstream says');
  const wanted: readonly (readonly [string, string])[] = [
    [request.servedName ?? served, servedPath],
    ...request.aliases.map((alias, index) => [alias, `spec.aliases[${index}]`] as const),
  ];
  for (const [text, path] of wanted) {
    const refusal = nameRefusal(text);
    if (refusal !== null) {
      problems.push(
        unsupported(
          path,
          `${text} cannot be a name here. ${refusal}`,
          'Choose another spec.servedName or alias.',
        ),
      );
      continue;
    }
    const name = canonicalName(text) ?? text;
    const holder = taken.get(name);
    if (holder !== undefined) {
      problems.push(unsupported(path, `${name} is ${holder}.`, 'Choose another name.'));
    }
    taken.set(name, `already what ${path} asks for`);
  }
  return problems;
}
