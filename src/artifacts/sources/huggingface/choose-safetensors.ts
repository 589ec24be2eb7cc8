// Which files of a repository without GGUF make a model: the safetensors that its index lists, and
// beside them what loaders read: configuration, tokenizer, templates, licence. Never code, and
// never a format that runs code when it is loaded. Only the top folder counts. Pure.
import { isSafetensors } from '../../../core/artifact-files.ts';
import { compareText } from '../../../core/canonical.ts';
import { isObject, parseObject } from '../../../core/json-object.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  refused,
} from '../../../core/problem.ts';
import { chooseFile, type Weights } from './choose-gguf.ts';
import { badAnswer, type HubFile } from './translate.ts';

export interface SafetensorsChoice {
  /** Lists the weights; null where they are known without it. */
  readonly index: HubFile | null;
  /** Null while the index has to be read. */
  readonly weights: Weights | null;
  readonly companions: readonly HubFile[];
}

const indexName = 'model.safetensors.index.json';
const companionsMax = 200;

/** `name` is for messages. */
export function chooseSafetensors(
  files: readonly HubFile[],
  name: string,
): Checked<SafetensorsChoice> {
  const top = files.filter(({ path }) => !path.includes('/'));
  const index = top.find(({ path }) => path === indexName) ?? null;
  const companions = files.filter(isCompanion);
  if (companions.length > companionsMax) {
    return refused(badAnswer(name, `It has more than ${companionsMax} files beside the weights.`));
  }
  if (index !== null) return checked({ index, weights: null, companions });
  const all = top.filter(({ path }) => isSafetensors(path));
  const [first] = all;
  if (first === undefined) return refused(withoutSafe(files, name));
  const usual = all.find(({ path }) => path === 'model.safetensors') ?? first;
  const weights = chooseFile(all, usual.path, name);
  if (!weights.ok) return weights;
  const isOnly = usual.path === 'model.safetensors' || weights.value.length === all.length;
  if (!isOnly) return refused(several(name, all));
  return checked({ index, weights: weights.value, companions });
}

/** The files that an index names, each of which must be there. */
export function weightsOfIndex(
  text: string,
  files: readonly HubFile[],
  name: string,
): Checked<Weights> {
  const map = parseObject(text)?.['weight_map'];
  if (!isObject(map)) return refused(badAnswer(name, `Its ${indexName} lists no weights.`));
  const weights: HubFile[] = [];
  const paths = Object.values(map).filter((path) => typeof path === 'string');
  if (paths.length < Object.keys(map).length || !paths.every(isSafetensors)) {
    return refused(badAnswer(name, `Its ${indexName} names what is no safetensors file.`));
  }
  for (const path of [...new Set(paths)].toSorted(compareText)) {
    const file = files.find((one) => one.path === path);
    if (file === undefined) return refused(incomplete(name));
    weights.push(file);
  }
  const [first, ...rest] = weights;
  return first === undefined ? refused(incomplete(name)) : checked([first, ...rest]);
}

/** Formats that can run code when they are loaded: pickle, and what holds it. */
export const isUnsafe = (path: string): boolean =>
  /\.(bin|pt|pth|ckpt|pkl|pickle|joblib|dat|npy|npz|h5|keras|pb|mar|zip|7z|tar|gz|tgz)$/i.test(
    path,
  );

export const unsafeFormat = (name: string): Problem =>
  errorProblem({
    code: 'source/unsafe-format',
    summary: 'A source is in a format that can run code',
    detail: `${name} comes as pickle, or another format that runs what is in it when it is loaded.`,
    remedy: 'Choose a repository with safetensors or GGUF; many have been converted.',
  });

/** In the top folder; chat templates have one of their own. */
const isCompanion = ({ path, bytes }: HubFile): boolean =>
  bytes > 0 &&
  (/^(additional_chat_templates\/)?[^/]+\.jinja$/i.test(path) ||
    (!path.includes('/') &&
      (/^(licen[cs]e|notice|use_policy)([._-].*)?$/i.test(path) ||
        (/\.(json|txt|model|tiktoken)$/i.test(path) && !/\.index\.json$/i.test(path)) ||
        path === indexName) &&
      !isUnsafe(path)));

function withoutSafe(files: readonly HubFile[], name: string): Problem {
  if (files.some(({ path }) => isUnsafe(path))) return unsafeFormat(name);
  const below = files.find(({ path }) => isSafetensors(path));
  return errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: `${name} has neither GGUF files nor safetensors in its top folder.`,
    remedy:
      below === undefined
        ? 'Choose another repository.'
        : `Name a file of it, as in hf://${name}/${below.path}.`,
  });
}

const several = (name: string, all: readonly HubFile[]): Problem =>
  errorProblem({
    code: 'source/ambiguous',
    summary: 'A source could be one of several models',
    detail: `${name} has several safetensors and no index: ${all
      .slice(0, 20)
      .map(({ path }) => path)
      .join(', ')}.`,
    remedy: `Name the file, as in hf://${name}/${all[0]?.path}.`,
  });

const incomplete = (name: string): Problem =>
  errorProblem({
    code: 'source/incomplete',
    summary: 'A source lacks a part of a model',
    detail: `${name} has not all files that its ${indexName} lists.`,
    remedy: 'Choose another revision; its owner may be uploading still.',
    retry: 'later',
  });
