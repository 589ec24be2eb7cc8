// Which names serving a Model takes on the embedded engine, and what it cannot do. Pure. Load
// options belong to a name and to a load, never to content, so a Model without `derive` is one
// name; with it, the source is kept under a base of its own, whose files both share.

import {
  clientLoad,
  type LoadOptions,
  type ParameterValue,
  type Recipe,
  staysLoaded,
} from '../../core/desired.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import {
  type Checked,
  checked,
  type Problem,
  refused,
  warningProblem,
} from '../../core/problem.ts';
import type { ModelRequest, PlacementShape } from '../backend.ts';
import { unsupported } from '../unsupported.ts';
import { weightsProblems } from '../weights-file.ts';
import { parameterChecks } from './parameters.ts';

export function check(request: ModelRequest): Checked<readonly PlacementShape[]> {
  const refusals = [
    ...sourceProblems(request),
    ...weightsProblems(request.artifact, 'refused'),
    ...nameProblems(request),
    ...runtimeProblems(request.runtime),
    ...recipeProblems(request.derive),
  ];
  if (refusals.length > 0) return refused(...refusals);
  return checked(shapesOf(request), unusedLayers(request.artifact));
}

const notGguf = unsupported(
  'spec.source',
  'The embedded engine opens models in GGUF, and this one is in safetensors.',
  'Choose a repository with GGUF files, which many have beside their own, or another engine.',
);

/** As it is: names are compared exactly. Null for what cannot be a reference of an OCI layout. */
export const canonicalName = (name: string): string | null =>
  /^[A-Za-z0-9_][A-Za-z0-9._:/-]{0,254}$/.test(name) ? name : null;

/** Where the source of a derived name is kept. */
const baseNameOf = (model: string): string => `modelctl-base/${model}`;

function shapesOf(request: ModelRequest): readonly PlacementShape[] {
  const { model, residency, runtime } = request;
  const load: LoadOptions = staysLoaded(residency)
    ? { ...runtime, keepAliveMs: 'forever' }
    : runtime;
  const name = servedName(request);
  const aside = residency === 'optional' ? 'optional' : 'stored';
  const recipe = recipeOf(request.derive);
  const base = baseNameOf(model);
  const shape: PlacementShape = {
    name,
    role: 'model',
    build: recipe === null ? { kind: 'source' } : { kind: 'derive', base, recipe },
    residency,
    load,
  };
  const below: readonly PlacementShape[] =
    recipe === null
      ? []
      : [{ name: base, role: 'base', build: { kind: 'source' }, residency: aside, load: {} }];
  const aliases = request.aliases.map(
    (alias): PlacementShape => ({
      name: alias,
      role: 'alias',
      build: { kind: 'alias', of: name },
      residency: aside,
      load: clientLoad({ residency, load }),
    }),
  );
  return [...below, shape, ...aliases];
}

const servedName = ({ servedName: name, model }: ModelRequest): string => name ?? model;

/** Null when nothing is put on top of the source. */
function recipeOf(derive: ModelRequest['derive']): Recipe | null {
  const { system, template, parameters, adapters } = derive ?? {};
  const recipe: Recipe = {
    ...(system === undefined ? {} : { system }),
    ...(template === undefined ? {} : { template }),
    ...(parameters === undefined || Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(adapters === undefined || adapters.length === 0 ? {} : { adapters }),
  };
  return Object.keys(recipe).length === 0 ? null : recipe;
}

const sourceProblems = ({ source, artifact }: ModelRequest): readonly Problem[] => [
  ...(/^hf:[^@]*\.safetensors@/i.test(source) ? [notGguf] : []),
  ...(artifact?.files.some(({ mediaType }) => mediaType === adapterLayer) === true
    ? [withAdapter]
    : []),
];

const adapterLayer = 'application/vnd.ollama.image.adapter';
const withAdapter = unsupported(
  'spec.source',
  'This model is an adapter on top of its weights, which the embedded engine would leave out.',
  'Name the weights in spec.source and the adapter in spec.derive.adapters, or use an Ollama.',
);

/** What a registry of Ollama's kind says beside the weights, in that engine's own forms. */
const ollamaLayers: Readonly<Record<string, string>> = {
  'application/vnd.ollama.image.template': 'template',
  'application/vnd.ollama.image.system': 'system prompt',
  'application/vnd.ollama.image.params': 'parameters',
  'application/vnd.ollama.image.messages': 'messages',
};

function unusedLayers(artifact: ModelRequest['artifact']): readonly Problem[] {
  const unused = (artifact?.files ?? []).flatMap(
    ({ mediaType = '' }) => ollamaLayers[mediaType] ?? [],
  );
  if (unused.length === 0) return [];
  return [
    warningProblem({
      code: 'backend/unused-layers',
      summary: 'A part of a model is not used',
      detail: `The embedded engine takes the weights of ${artifact?.source ?? ''}, and the chat template that is in them; what is said of ${unused.join(', ')} is for Ollama only.`,
      remedy: 'Say in spec.derive what the model should have of it.',
      path: 'spec.source',
    }),
  ];
}

function nameProblems(request: ModelRequest): readonly Problem[] {
  const names: readonly (readonly [string, string])[] = [
    ['spec.servedName', servedName(request)],
    ...request.aliases.map((alias, at) => [`spec.aliases.${at}`, alias] as const),
  ];
  return names
    .filter(([, name]) => canonicalName(name) === null)
    .map(([path, name]) =>
      unsupported(
        path,
        `${JSON.stringify(name)} cannot be the name of a model.`,
        'Begin it with a letter or digit; go on with letters, digits and . _ : / - (at most 255).',
      ),
    );
}

function runtimeProblems({ kvCacheType, flashAttention }: LoadOptions): readonly Problem[] {
  if (kvCacheType === undefined || kvCacheType === 'f16' || flashAttention !== false) return [];
  return [
    unsupported(
      'spec.runtime.kvCacheType',
      `llama.cpp computes with a cache in ${kvCacheType} through flash attention only, which is turned off.`,
      'Leave flashAttention out, or kvCacheType.',
    ),
  ];
}

function recipeProblems(derive: ModelRequest['derive']): readonly Problem[] {
  const problems = Object.entries(derive?.parameters ?? {}).flatMap(([name, value]) =>
    parameterProblems(name, value),
  );
  return isGoTemplate(derive?.template ?? '') ? [...problems, goTemplate] : problems;
}

function parameterProblems(name: string, value: ParameterValue): readonly Problem[] {
  const path = `spec.derive.parameters.${name}`;
  const known = parameterChecks[name];
  if (known === undefined) {
    const meant = didYouMean(name, Object.keys(parameterChecks));
    return [
      unsupported(
        path,
        `The embedded engine has no parameter ${name}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
        `Leave it out, or take one of ${Object.keys(parameterChecks).join(', ')}.`,
      ),
    ];
  }
  if (known.is(value)) return [];
  return [unsupported(path, `${name} is ${JSON.stringify(value)}.`, `Make it ${known.wanted}.`)];
}

/** `{{ .Prompt }}`, `{{- if .System }}`: Ollama's kind. In Jinja a dot never begins an expression. */
const isGoTemplate = (template: string): boolean =>
  /\{\{-?\s*(?:\.[A-Z]|(?:if|range|with|template|else|end|block|define)\b)/.test(template);

const goTemplate = unsupported(
  'spec.derive.template',
  "The embedded engine takes Jinja templates, and this is one of Go's, as Ollama takes them.",
  'Write it as Jinja, or leave it out: the model brings its own.',
);
