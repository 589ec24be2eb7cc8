// What an open bundle says of its set: id, lock and manifests, and which lines of the lock have their
// bytes in it. The index is compared with what the lock says, so that nothing gets in beside it.
import type { Digest } from '../../core/digest.ts';
import { isDigest } from '../../core/digest.ts';
import { isObject, parseObject } from '../../core/json-object.ts';
import { lockFileName } from '../../core/lock-file-name.ts';
import { isSafePath } from '../stores/huggingface/names.ts';
import { parseImage } from '../stores/oci/image.ts';
import { type Descriptor, parseDescriptors, parseIndex } from '../stores/oci/layout.ts';
import {
  type BundledText,
  lockMediaType,
  manifestFileMediaType,
  modelAnnotation,
  setArtifactType,
  sourceAnnotation,
  targetAnnotation,
  titleAnnotation,
} from './content.ts';
import type { OpenBundle } from './open.ts';
import { damaged } from './problems.ts';

/** An entry of the index: which line of the lock it claims to be, and by which manifest. */
export interface IndexedModel {
  readonly model: string;
  readonly target: string;
  readonly source: string;
  readonly digest: Digest;
}

export interface BundledSet {
  readonly lock: BundledText;
  readonly manifests: readonly BundledText[];
  readonly models: readonly IndexedModel[];
}

const manifestBytesMax = 4 * 1024 * 1024;
const lockBytesMax = 256 * 1024 * 1024;
const textBytesMax = 16 * 1024 * 1024;
const textsMax = 10_000;

/** Throws ProblemError for whatever is not as `bundle` writes it. */
export async function setIn(bundle: OpenBundle): Promise<BundledSet> {
  const index = parseIndex(await bundle.index());
  if (index === null) throw damaged(bundle.path, 'index.json is no OCI image index.');
  const sets = index.manifests.filter((one) => one['artifactType'] === setArtifactType);
  const [set] = sets;
  if (set === undefined || sets.length > 1) {
    const what = set === undefined ? 'no set' : 'several sets';
    throw damaged(bundle.path, `index.json lists ${what} of modelctl.`);
  }
  const models = index.manifests.filter((one) => one !== set).map(modelIn);
  if (models.some((one) => one === null)) {
    throw damaged(bundle.path, 'index.json lists what is no part of a bundle.');
  }
  const texts = await textsOf(bundle, set);
  const [lock, ...more] = texts.filter(({ mediaType }) => mediaType === lockMediaType);
  if (lock === undefined || more.length > 0 || lock.path !== lockFileName) {
    throw damaged(bundle.path, 'It does not have one lock.');
  }
  return {
    lock,
    manifests: texts.filter(({ mediaType }) => mediaType === manifestFileMediaType),
    models: models.flatMap((one) => one ?? []),
  };
}

function modelIn({ annotations = {}, digest }: Descriptor): IndexedModel | null {
  const model = annotations[modelAnnotation];
  const source = annotations[sourceAnnotation];
  if (model === undefined || source === undefined) return null;
  return { model, target: annotations[targetAnnotation] ?? '-', source, digest };
}

interface TypedText extends BundledText {
  readonly mediaType: string;
}

async function textsOf(bundle: OpenBundle, set: Descriptor): Promise<readonly TypedText[]> {
  const bytes = await bundle.text(set.digest, manifestBytesMax);
  const layers = parseDescriptors(parseObject(Buffer.from(bytes).toString('utf8'))?.['layers']);
  if (layers === null || layers.length > textsMax) {
    throw damaged(bundle.path, 'The manifest of its set cannot be read.');
  }
  const texts: TypedText[] = [];
  const seen = new Set<string>();
  for (const { mediaType, digest, annotations } of layers) {
    const path = annotations?.[titleAnnotation] ?? '';
    if (!isManifestPath(path)) {
      throw damaged(bundle.path, `${shown(path)} is no place for a manifest.`);
    }
    // File systems that do not tell case apart would make one file of two.
    if (seen.has(path.toLowerCase())) throw damaged(bundle.path, `It has ${shown(path)} twice.`);
    seen.add(path.toLowerCase());
    const bytesMax = mediaType === lockMediaType ? lockBytesMax : textBytesMax;
    texts.push({ mediaType, path, bytes: await bundle.text(digest, bytesMax) });
  }
  return texts;
}

/**
 * Below its folder on every system, not hidden, and called as manifests are: a bundle may come from
 * anybody, and must not put a file where a shell, git or an editor would heed it.
 */
export const isManifestPath = (path: string): boolean =>
  isSafePath(path) &&
  /\.(ya?ml|json)$/i.test(path) &&
  !path.split('/').some((segment) => segment.startsWith('.') || segment === 'node_modules');

/** Every blob that a manifest of the bundle leads to, itself included. Null: it is none. */
export async function referencesOf(
  bundle: OpenBundle,
  digest: Digest,
): Promise<readonly Digest[] | null> {
  const bytes = await bundle.text(digest, manifestBytesMax);
  const text = Buffer.from(bytes).toString('utf8');
  const config = parseObject(text)?.['config'];
  const isImage = isObject(config) && isDigest(String(config['digest']));
  return isImage ? (parseImage(text, digest)?.references ?? null) : null;
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));
