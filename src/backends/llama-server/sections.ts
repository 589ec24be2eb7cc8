// The sections of the preset file: a function of the names in the store, and of which of them are to be
// loaded with the server. Pure. Each carries a tag made from all that it says; the server tells the
// tags of what it has read, so it can be seen whether it knows of the last change.
import { join } from 'node:path';
import type { StoredImage, StoredLayer } from '../../artifacts/stores/oci/image.ts';
import type { StoredName } from '../../artifacts/stores/oci/read.ts';
import { canonicalJson, compareText } from '../../core/canonical.ts';
import { type Digest, digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { isProjectorPath, isWeightsPath } from '../../core/weights.ts';
import { isBaseName } from '../images/shapes.ts';
import { nameOfSection, sectionOf } from './names.ts';
import { loadKeys, type Options, samplingKeys } from './options.ts';
import { imageFolder } from './place.ts';
import type { Section } from './preset.ts';

/** A file that the server opens, in the folder of its image. */
export type OpenedFile =
  | { readonly name: string; readonly digest: Digest; readonly bytes: number }
  | { readonly name: string; readonly text: string };

export interface ServedSection extends Section {
  /** What clients call it. */
  readonly served: string;
  readonly image: Digest;
  readonly files: readonly OpenedFile[];
  readonly tag: string;
}

/** Names that are not whole, and what others are built on, are not served. */
export function sectionsOf(
  store: string,
  names: readonly StoredName[],
  onStart: ReadonlySet<string>,
): readonly ServedSection[] {
  const digests = new Map(names.map(({ name, digest }) => [name, digest]));
  return names.flatMap((stored) => {
    const { name, image, whole, digest, aliasOf, load } = stored;
    if (image === null || !whole || aliasOf !== null || isBaseName(name)) return [];
    const files = openedFiles(image);
    if (files === null) return [];
    const section = sectionOf(name);
    const aliases = names
      .filter((one) => one.aliasOf === name && one.digest === digests.get(name))
      .map((one) => one.name);
    const called = [...(section === name ? [] : [name]), ...aliases].toSorted(compareText);
    const said: Options = [
      ...fileKeys(imageFolder(store, digest), files),
      ...samplingKeys(image.recipe.parameters),
      ...loadKeys(load),
      ...(called.length === 0 ? [] : [['alias', called.join(',')] as const]),
      ...(onStart.has(section) ? [['load-on-startup', 'true'] as const] : []),
    ];
    const tag = `${tagPrefix}${digestHex(sha256Text(canonicalJson([section, said]))).slice(0, 12)}`;
    const options = new Map([...said, ['tags', tag] as const]);
    return [{ name: section, served: name, image: digest, files, tag, options }];
  });
}

const tagPrefix = 'modelctl-';

export const isOurTag = (tag: string): boolean => tag.startsWith(tagPrefix);

/** The section that a stored name is served from: an alias has none of its own. */
export const servedFrom = (
  { name, aliasOf }: Pick<StoredName, 'name' | 'aliasOf'>,
  sections: readonly ServedSection[],
): ServedSection | undefined => {
  const section = sections.find(({ served }) => served === (aliasOf ?? name));
  const isCalled =
    aliasOf === null || section?.options.get('alias')?.split(',').includes(name) === true;
  return isCalled ? section : undefined;
};

/** The name that a section of ours was for. */
export const servedNameOf = ({ name }: Section): string => nameOfSection(name);

export const shardPattern = /-(\d{5})-of-(\d{5})\.gguf$/;

/** Null where it cannot be told which files are the weights. */
function openedFiles({ layers, weights, recipe }: StoredImage): readonly OpenedFile[] | null {
  const model = modelFiles(layers, weights);
  if (model === null) return null;
  const projector = layers.find(({ path }) => path !== null && isProjector(path));
  const adapters = (recipe.adapters ?? []).map(({ digest }, at) => ({
    ...linkTo(layers, digest),
    name: `adapter-${at}.gguf`,
  }));
  return [
    ...model,
    ...(projector === undefined ? [] : [{ ...fileOf(projector), name: 'mmproj.gguf' }]),
    ...adapters,
    ...(recipe.template === undefined ? [] : [{ name: 'template.jinja', text: recipe.template }]),
  ];
}

/** As repositories call it, and as registries of Ollama's kind do. */
const isProjector = (path: string): boolean => isProjectorPath(path) || path === 'projector';

/** The parts of split weights are found by the name of the first. */
function modelFiles(
  layers: readonly StoredLayer[],
  weights: Digest | null,
): readonly OpenedFile[] | null {
  const whole = layers.find(({ digest }) => digest === weights);
  if (whole !== undefined) return [{ ...fileOf(whole), name: 'model.gguf' }];
  const shards = layers
    .filter(({ path }) => path !== null && isWeightsPath(path) && shardPattern.test(path))
    .toSorted((a, b) => compareText(a.path ?? '', b.path ?? ''));
  if (shards.length === 0) return null;
  return shards.map((layer) => ({
    ...fileOf(layer),
    name: `model${shardPattern.exec(layer.path ?? '')?.[0] ?? ''}`,
  }));
}

const fileOf = ({ digest, bytes }: StoredLayer) => ({ digest, bytes });

const linkTo = (layers: readonly StoredLayer[], digest: Digest) => ({
  digest,
  bytes: layers.find((layer) => layer.digest === digest)?.bytes ?? 0,
});

function fileKeys(folder: string, files: readonly OpenedFile[]): Options {
  const path = (name: string): string => join(folder, name);
  const adapters = files.filter(({ name }) => name.startsWith('adapter-'));
  const has = (wanted: string): boolean => files.some(({ name }) => name === wanted);
  return [
    ['model', path(files[0]?.name ?? '')],
    ...(has('mmproj.gguf') ? [['mmproj', path('mmproj.gguf')] as const] : []),
    ...(adapters.length === 0
      ? []
      : [['lora', adapters.map(({ name }) => path(name)).join(',')] as const]),
    ...(has('template.jinja') ? [['chat-template-file', path('template.jinja')] as const] : []),
  ];
}
