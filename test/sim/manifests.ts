// What the simulated users declare: a few Models over few sources and names, so that they meet. A
// declaration is plain data; here it becomes the files that the program reads, and the names that
// it asks for, worked out apart from how the program does it.
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { EngineName, SimEngine } from './engine.ts';
import { modelFile, modelsFolder, sha256Hex, type World, webOrigin } from './world.ts';

export type ModelName = 'm0' | 'm1' | 'm2' | 'm3' | 'm4' | 'm5';

export interface ModelSpec {
  readonly model: ModelName;
  readonly source: SourceName;
  readonly served?: string;
  readonly aliases: readonly string[];
  readonly system?: string;
  readonly contextLength?: number;
  readonly threads?: number;
  readonly residency: 'optional' | 'stored' | 'loaded' | 'pinned';
  readonly engines: readonly EngineName[];
  readonly prune: 'Delete' | 'Keep' | 'Confirm';
}

export type SourceName = 'own:v1' | 'own:v2' | 'shared:v1' | 'file-one' | 'file-two' | 'web-one';

/** Another content for a tag, for when it moves upstream. */
export const versionsOfTag = ['first', 'moved'] as const;

export const tags: readonly string[] = [
  ...['m0', 'm1', 'm2', 'm3', 'm4', 'm5'].flatMap((model) => [
    `${model}-repo:v1`,
    `${model}-repo:v2`,
  ]),
  'shared:v1',
];

/** What nobody declares, for others to bring. */
export const foreignTag = 'stranger:v1';

export function publish(
  world: World,
  tag: string,
  version: (typeof versionsOfTag)[number],
): string {
  const { revision } = world.registry.publish(`library/${tag}`, {
    weights: `${tag} ${version} `.padEnd(3000 + tag.length, '.'),
    parameters: { temperature: 0 },
    contextLength: 4096,
  });
  return revision.slice('sha256:'.length);
}

/** Everything that the declarations rest on, before the first run. */
export function furnish(world: World): void {
  for (const tag of [...tags, foreignTag]) publish(world, tag, 'first');
  world.disk.put(join(modelsFolder, 'files', 'one.gguf'), modelFile('one'));
  world.disk.put(join(modelsFolder, 'files', 'two.gguf'), modelFile('two'));
  world.web.files.set('one.gguf', modelFile('one'));
  putSite(world, modelsFolder);
}

/** What every set says of the machine. */
export const putSite = (world: World, folder: string): void =>
  world.disk.put(join(folder, 'site.yaml'), siteText(world.engines));

function siteText(engines: ReadonlyMap<EngineName, SimEngine>): string {
  const objects = [
    { kind: 'Host', metadata: { name: 'box' }, spec: { labels: { role: 'all' } } },
    ...[...engines.values()].flatMap(({ name, origin }) => [
      { kind: 'Backend', metadata: { name }, spec: { type: 'ollama', endpoint: origin } },
      {
        kind: 'HardwareTarget',
        metadata: { name: `on-${name}` },
        spec: { selector: { matchLabels: { role: 'all' } }, backend: name },
      },
    ]),
  ];
  return documents(objects);
}

/** Writes the folder anew: one file for each Model. */
export function declare(
  world: World,
  models: readonly ModelSpec[],
  folder: string = modelsFolder,
): void {
  for (const model of modelNames) world.disk.drop(join(folder, `${model}.yaml`));
  for (const spec of models) {
    world.disk.put(join(folder, `${spec.model}.yaml`), documents([manifestOf(spec)]));
  }
}

export const modelNames: readonly ModelName[] = ['m0', 'm1', 'm2', 'm3', 'm4', 'm5'];

const documents = (objects: readonly object[]): string =>
  objects.map((one) => stringify({ apiVersion: 'modelctl.dev/v1alpha1', ...one })).join('---\n');

function manifestOf(spec: ModelSpec): object {
  const { model, served, aliases, system, contextLength, threads } = spec;
  const { residency, engines, prune } = spec;
  const isTuned = contextLength !== undefined || threads !== undefined;
  return {
    kind: 'Model',
    metadata: { name: model },
    spec: {
      source: sourceText(spec),
      targets: engines.map((engine) => `on-${engine}`),
      residency,
      lifecycle: { prune },
      ...(served === undefined ? {} : { servedName: served }),
      ...(aliases.length === 0 ? {} : { aliases }),
      ...(system === undefined ? {} : { derive: { system } }),
      ...(isTuned ? { runtime: { contextLength, threads } } : {}),
    },
  };
}

function sourceText(spec: ModelSpec): string {
  switch (spec.source) {
    case 'file-one':
      return 'file://./files/one.gguf';
    case 'file-two':
      return 'file://./files/two.gguf';
    case 'web-one':
      return `${webOrigin}/files/one.gguf#sha256=${sha256Hex(modelFile('one'))}`;
    default:
      return upstreamName(spec) ?? '';
  }
}

const upstreamName = ({ source, model }: ModelSpec): string | null => {
  if (source === 'shared:v1') return source;
  return source.startsWith('own:') ? source.replace('own', `${model}-repo`) : null;
};

/** One name that a declaration asks for on an engine. */
export interface WantedName {
  readonly name: string;
  readonly model: ModelName;
  readonly from:
    | { readonly kind: 'tag'; readonly tag: string }
    | { readonly kind: 'import' }
    | { readonly kind: 'derived'; readonly base: string }
    | { readonly kind: 'copy'; readonly of: string };
  readonly residency: ModelSpec['residency'];
}

export function wantedNames(
  models: readonly ModelSpec[],
  engine: EngineName,
): readonly WantedName[] {
  const byName = new Map<string, WantedName>();
  for (const spec of models.filter((one) => one.engines.includes(engine))) {
    for (const wanted of namesOf(spec)) {
      const twin = byName.get(wanted.name);
      // A base that another Model wants for itself stays what that one makes of it.
      if (twin === undefined || twin.residency === 'optional') byName.set(wanted.name, wanted);
    }
  }
  return [...byName.values()];
}

function namesOf(spec: ModelSpec): readonly WantedName[] {
  const { model, residency } = spec;
  const upstream = upstreamName(spec);
  const derived = [spec.system, spec.contextLength, spec.threads].some((one) => one !== undefined);
  const served = tagged(spec.served ?? (derived ? model : (upstream ?? model)));
  const aside = residency === 'optional' ? 'optional' : 'stored';
  const source =
    upstream === null ? { kind: 'import' as const } : { kind: 'tag' as const, tag: upstream };
  const base = upstream ?? `modelctl-base/${model}:latest`;
  const aliases = spec.aliases.map(
    (alias): WantedName => ({
      name: tagged(alias),
      model,
      from: { kind: 'copy', of: served },
      residency: aside,
    }),
  );
  if (derived) {
    return [
      { name: base, model, from: source, residency: aside },
      { name: served, model, from: { kind: 'derived', base }, residency },
      ...aliases,
    ];
  }
  if (upstream === null || upstream === served)
    return [{ name: served, model, from: source, residency }, ...aliases];
  return [
    { name: base, model, from: source, residency: aside },
    { name: served, model, from: { kind: 'copy', of: base }, residency },
    ...aliases,
  ];
}

const tagged = (name: string): string => (name.includes(':') ? name : `${name}:latest`);
