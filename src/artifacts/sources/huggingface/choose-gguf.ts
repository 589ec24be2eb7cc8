// Which GGUF files of a repository a reference means, chosen as llama.cpp chooses with -hf
// (common/download.cpp), so that both take the same bytes: a quantization is looked for as
// `<TAG>[.-]` in the path, without regard to case; without one Q4_K_M, then Q8_0, then the first
// file. All files of a split belong together. Where llama.cpp would take the first of several
// different models, they are named instead. Pure.
import { isGguf, isGgufModel, isSafetensors } from '../../../core/artifact-files.ts';
import { didYouMean } from '../../../core/did-you-mean.ts';
import {
  type Checked,
  checked,
  errorProblem,
  type Problem,
  refused,
} from '../../../core/problem.ts';
import type { HubFile } from './translate.ts';

/** One model: the only file, or all files of a split in order. */
export type Weights = readonly [HubFile, ...HubFile[]];

const defaults = ['Q4_K_M', 'Q8_0'];
const namedMax = 20;

/** `name` is for messages; `quantization` is in upper case. */
export function chooseGguf(
  files: readonly HubFile[],
  quantization: string | null,
  name: string,
): Checked<Weights> {
  const models = groups(files.filter(({ path }) => isGgufModel(path)));
  const wanted = quantization === null ? defaults : [quantization];
  for (const tag of wanted) {
    const found = matching(models, tag);
    const [only, ...others] = found;
    if (only === undefined) continue;
    return others.length === 0 ? whole(only, name) : refused(ambiguous(name, tag, found));
  }
  const [first] = models;
  if (first === undefined) return refused(noGguf(name, files));
  return quantization === null ? whole(first, name) : refused(absent(name, quantization, models));
}

/** That file; where it is part of a split, all of it. */
export function chooseFile(
  files: readonly HubFile[],
  path: string,
  name: string,
): Checked<Weights> {
  const file = files.find((one) => one.path === path);
  if (file === undefined) {
    const near = didYouMean(
      path,
      files.map((one) => one.path),
    );
    return refused(
      errorProblem({
        code: 'source/not-found',
        summary: 'A source does not exist',
        detail: `There is no file ${path} in ${name}.`,
        remedy:
          near === null
            ? `It has ${listed(files.map((one) => one.path))}.`
            : `Did you mean ${near}?`,
      }),
    );
  }
  const split = splitOf(path);
  if (split === null) return checked([file]);
  const all = groups(files).find((one) => one.files.includes(file));
  return all === undefined ? checked([file]) : whole(all, name);
}

/**
 * The projector that belongs to a model: of those in the model's folder or above it the deepest,
 * then the one whose number of bits is nearest, then the first by name.
 */
export function chooseProjector(files: readonly HubFile[], model: HubFile): HubFile | null {
  const folder = folderOf(model.path);
  const bits = bitsOf(model.path);
  let best: { readonly file: HubFile; readonly depth: number; readonly apart: number } | null =
    null;
  for (const file of files) {
    if (!isGguf(file.path) || !/mmproj/i.test(file.path)) continue;
    const own = folderOf(file.path);
    if (!`${folder}/`.startsWith(own === '' ? '' : `${own}/`)) continue;
    const depth = own === '' ? 0 : own.split('/').length;
    const apart = Math.abs(bitsOf(file.path) - bits);
    const isBetter =
      best === null || depth > best.depth || (depth === best.depth && apart < best.apart);
    if (isBetter) best = { file, depth, apart };
  }
  return best?.file ?? null;
}

/** As the name of a file has it (`Q4_K_M`, `UD-Q4_K_XL`); null where it has none. */
export function quantizationIn(path: string): string | null {
  const name = splitOf(path)?.prefix ?? path.replace(/\.[^.]*$/, '');
  const found = [...name.slice(name.lastIndexOf('/') + 1).matchAll(label)];
  return found.at(-1)?.[1]?.toUpperCase() ?? null;
}

const label =
  /(?<=^|[-._])((?:UD-)?(?:I?Q\d[A-Z0-9_]*|TQ\d_\d|BF16|FP?16|FP?32|MXFP4(?:_MOE)?|NVFP4))(?=[-.]|$)/gi;

interface Group {
  readonly files: readonly HubFile[];
  /** How many there must be. */
  readonly count: number;
  readonly prefix: string;
}

const splitOf = (
  path: string,
): { readonly prefix: string; readonly at: number; readonly count: number } | null => {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.(?:gguf|safetensors)$/i.exec(path);
  return match === null
    ? null
    : { prefix: match[1] ?? '', at: Number(match[2]), count: Number(match[3]) };
};

/** In the order of the first file of each; files of a split in order. */
function groups(files: readonly HubFile[]): readonly Group[] {
  const found = new Map<string, { files: HubFile[]; count: number; prefix: string }>();
  for (const file of files) {
    const split = splitOf(file.path);
    const key = split === null ? file.path : `${split.prefix} ${split.count}`;
    const group = found.get(key);
    if (group !== undefined) group.files.push(file);
    else found.set(key, { files: [file], count: split?.count ?? 1, prefix: split?.prefix ?? '' });
  }
  return [...found.values()];
}

function matching(models: readonly Group[], tag: string): readonly Group[] {
  const pattern = new RegExp(`${tag.replaceAll('.', '\\.')}[.-]`, 'i');
  const found = models.filter(({ files: [first] }) => pattern.test(first?.path ?? ''));
  // Q4_K_M is in UD-Q4_K_M too; whose own name is exactly that was meant.
  const exact = found.filter(({ files: [first] }) => quantizationIn(first?.path ?? '') === tag);
  return exact.length > 0 ? exact : found;
}

/** Refused where a file of the split is not there. */
function whole(group: Group, name: string): Checked<Weights> {
  const { files, count, prefix } = group;
  const [first, ...rest] = files;
  if (first !== undefined && count === 1 && rest.length === 0) return checked([first]);
  const present = new Set(files.map((file) => splitOf(file.path)?.at));
  const missing = Array.from({ length: Math.min(count, 1_000) }, (_, index) => index + 1).filter(
    (at) => !present.has(at),
  );
  if (first !== undefined && missing.length === 0 && files.length === count && count >= 1) {
    return checked([first, ...rest]);
  }
  const part = missing[0] ?? 1;
  return refused(
    errorProblem({
      code: 'source/incomplete',
      summary: 'A source lacks a part of a model',
      detail:
        missing.length === 0
          ? `${name} has ${files.length} files of ${prefix}, and their names speak of ${count}.`
          : `${name} has not all ${count} files of ${prefix}: number ${part} is not there.`,
      remedy: 'Choose another quantization or revision; its owner may be uploading still.',
      retry: 'later',
    }),
  );
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const bitsOf = (path: string): number => {
  const found = /\d+/.exec(quantizationIn(path) ?? '');
  return found === null ? 0 : Number(found[0]);
};

const nameOf = ({ files: [first] }: Group): string =>
  quantizationIn(first?.path ?? '') ?? first?.path ?? '';

const listed = (names: readonly string[]): string => {
  const unique = [...new Set(names)];
  const more = unique.length - namedMax;
  return `${unique.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

function absent(name: string, quantization: string, models: readonly Group[]): Problem {
  const names = models.map(nameOf);
  const near = didYouMean(quantization, names);
  return errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: `${name} has no quantization ${quantization}. It has ${listed(names)}.`,
    remedy: near === null ? 'Name one of these.' : `Did you mean :${near}?`,
  });
}

const ambiguous = (name: string, tag: string, found: readonly Group[]): Problem =>
  errorProblem({
    code: 'source/ambiguous',
    summary: 'A source could be one of several models',
    detail: `In ${name}, ${tag} is in the names of ${listed(found.map(({ files: [first] }) => first?.path ?? ''))}.`,
    remedy: `Name the file, as in hf://${name}/${found[0]?.files[0]?.path}.`,
  });

const noGguf = (name: string, files: readonly HubFile[]): Problem =>
  errorProblem({
    code: 'source/not-found',
    summary: 'A source does not exist',
    detail: `${name} has no model in GGUF, and so no quantizations to choose from.`,
    remedy: files.some(({ path }) => isSafetensors(path))
      ? 'Leave the quantization out for its safetensors, or choose a repository with GGUF files.'
      : 'Choose a repository with GGUF files.',
  });
