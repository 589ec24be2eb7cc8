// Which names serving a Model takes on an engine whose models are images in a store of ours. Pure.
// Load options belong to a name and to a load, never to content, so a Model without `derive` is one
// name; with it, the source is kept under a base of its own, whose files both share.
import { clientLoad, type LoadOptions, type Recipe, staysLoaded } from '../../core/desired.ts';
import type { Problem } from '../../core/problem.ts';
import type { ModelRequest, PlacementShape } from '../backend.ts';
import { unsupported } from '../unsupported.ts';

/** As it is: names are compared exactly. Null for what cannot be a reference of an OCI layout. */
export const canonicalName = (name: string): string | null =>
  /^[A-Za-z0-9_][A-Za-z0-9._:/-]{0,254}$/.test(name) ? name : null;

const basePrefix = 'modelctl-base/';

export const isBaseName = (name: string): boolean => name.startsWith(basePrefix);

/** Where the source of a derived name is kept. */
const baseNameOf = (model: string): string => `${basePrefix}${model}`;

export function shapesOf(request: ModelRequest): readonly PlacementShape[] {
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

/** `nameOf`: how the engine spells a name; null when it cannot be one. */
export function nameProblems(
  request: ModelRequest,
  nameOf: (name: string) => string | null,
): readonly Problem[] {
  const names: readonly (readonly [string, string])[] = [
    ['spec.servedName', servedName(request)],
    ...request.aliases.map((alias, at) => [`spec.aliases.${at}`, alias] as const),
  ];
  return names
    .filter(([, name]) => nameOf(name) === null)
    .map(([path, name]) =>
      unsupported(
        path,
        `${JSON.stringify(name)} cannot be the name of a model.`,
        'Begin it with a letter or digit; go on with letters, digits and . _ : / - (at most 255).',
      ),
    );
}
