// What a bundle of a set would be made of: which Models are meant, and whether their manifests and lock
// are such that another machine can use them.
import { relative, sep } from 'node:path';
import {
  type BundleContent,
  type BundledModel,
  type BundledText,
  bundleContent,
} from './artifacts/bundle/content.ts';
import { isManifestPath } from './artifacts/bundle/set-in.ts';
import { lockFileName } from './core/lock-file-name.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from './core/problem.ts';
import type { Io } from './io/io.ts';
import type { DeclaredSet } from './locking/declared-set.ts';
import { fileBytesMax } from './manifest/limits.ts';
import { unknownModels } from './named.ts';
import { unlocked } from './resolve/lock-gap.ts';

export interface BundleSelection {
  /** Names of Models whose bytes go in; default: all. Manifests and lock go in whole. */
  readonly models?: readonly string[];
  /** Only Models with such labels. */
  readonly selects?: (labels: Readonly<Record<string, string>>) => boolean;
}

/** Why this set cannot be bundled; null when it can. */
export function unfit({ manifests, state, references }: DeclaredSet): Problem | null {
  if (!manifests.complete) {
    return errorProblem({
      code: 'cli/stdin',
      summary: 'A bundle is made of files',
      detail: 'What comes from standard input has no name that it could be restored by.',
      remedy: 'Write it to a file and name that with -f.',
    });
  }
  const gap = unlocked(state, manifests, references, 'a bundle');
  if (gap !== null) return gap;
  if (state.incompleteBecause !== null) {
    return errorProblem({
      code: 'manifest/partial-set',
      summary: 'Only a part of the set was given',
      detail: `${state.incompleteBecause} A lock is of use with all of its manifests only.`,
      remedy: `Name all of them, and say which Models are meant:\n\n    modelctl bundle NAME -f ${state.folder} --out PATH`,
    });
  }
  const odd = manifests.files
    .map((file) => below(state.folder, file))
    .find((path) => !isManifestPath(path));
  if (odd === undefined) return null;
  return errorProblem({
    code: 'manifest/unsafe-name',
    summary: 'A manifest has a name that is not restored',
    detail: `${odd} would be refused by restore: it is hidden, not named .yaml, .yml or .json, or means something else on another system.`,
    remedy: 'Rename it, and write the lock anew with `modelctl lock`.',
  });
}

const below = (folder: string, file: string): string => relative(folder, file).split(sep).join('/');

export function chosenModels(
  { models, selects = () => true }: BundleSelection,
  { manifests, references, state }: DeclaredSet,
): Checked<readonly BundledModel[]> {
  const unknown = unknownModels('lock/unknown-model', models ?? [], manifests);
  if (unknown.length > 0) return refused(...unknown);
  const meant = new Set(
    manifests.resources.flatMap((one) =>
      one.kind === 'Model' &&
      (models?.includes(one.metadata.name) ?? true) &&
      selects(one.metadata.labels ?? {})
        ? [one.metadata.name]
        : [],
    ),
  );
  if (meant.size === 0) return refused(nothingChosen);
  return checked(
    references.flatMap((key) => {
      const artifact = state.locked(key);
      if (artifact === undefined || !meant.has(key.model)) return [];
      return [{ model: key.model, target: key.target, artifact }];
    }),
  );
}

const nothingChosen: Problem = errorProblem({
  code: 'cli/nothing-selected',
  summary: 'No Model was selected',
  detail: 'No Model that is declared has such labels.',
  remedy: 'Correct the selector, or leave it out to bundle all of them.',
});

export async function contentOf(
  { manifests, state }: DeclaredSet,
  models: readonly BundledModel[],
  io: Io,
): Promise<BundleContent> {
  const texts: BundledText[] = [];
  for (const file of manifests.files) {
    const bytes = await io.files.readBytes(file, fileBytesMax);
    texts.push({ path: below(state.folder, file), bytes });
  }
  // Where the lock itself cannot be written, what an earlier run kept aside is the lock.
  const kept = state.keptAside?.text ?? state.text ?? '';
  const lock = { path: lockFileName, bytes: Buffer.from(kept) };
  return bundleContent({ set: state.lock?.set ?? '', lock, manifests: texts, models });
}
