// Which lines of the lock a bundle has the bytes for, and which of them are meant. The lock decides
// what the bytes are; the index of the bundle only says which are there.

import type { BundledModel } from './artifacts/bundle/content.ts';
import type { OpenBundle } from './artifacts/bundle/open.ts';
import { damaged } from './artifacts/bundle/problems.ts';
import type { BundledSet } from './artifacts/bundle/set-in.ts';
import { modelImage } from './artifacts/stores/oci/image.ts';
import { didYouMean } from './core/did-you-mean.ts';
import { lockFileName } from './core/lock-file-name.ts';
import { type Checked, checked, errorProblem, type Problem, refused } from './core/problem.ts';
import { readFile } from './manifest/read-file.ts';
import { artifactOf, entryKey, type LockEntry } from './resolve/lock-entry.ts';

export type Line = BundledModel;

export interface FoundLines {
  /** The set's id. */
  readonly set: string;
  readonly lines: readonly Line[];
  /** Every line of the lock. */
  readonly all: readonly LockEntry[];
}

/** Throws ProblemError where lock, manifests and index do not belong together. */
export async function linesIn(
  { path }: OpenBundle,
  { lock, manifests, models }: BundledSet,
  signal: AbortSignal,
): Promise<FoundLines> {
  const { parseLock } = await import('./resolve/lock-file.ts');
  const parsed = parseLock(new TextDecoder().decode(lock.bytes), lockFileName);
  if (!parsed.ok) throw damaged(path, `Its lock cannot be read: ${firstOf(parsed.problems)}`);
  const listed = new Set(parsed.value.files);
  for (const manifest of manifests) {
    if (!listed.has(manifest.path)) {
      throw damaged(path, `Its lock does not list ${manifest.path}.`);
    }
    const read = await readFile(manifest.path, manifest.bytes, true, signal);
    const broken = read.problems.filter(({ severity }) => severity === 'error');
    if (broken.length > 0)
      throw damaged(path, `${manifest.path} is no manifest: ${firstOf(broken)}`);
    listed.delete(manifest.path);
  }
  const [absent] = listed;
  if (absent !== undefined) throw damaged(path, `It lacks ${absent}, which its lock lists.`);
  const entries = new Map(parsed.value.entries.map((entry) => [entryKey(entry), entry]));
  const found = new Map<string, Line>();
  for (const model of models) {
    const entry = entries.get(entryKey(model));
    const artifact = entry === undefined ? null : artifactOf(entry);
    const digests = artifact === null ? [] : [modelImage(artifact, {}).digest, artifact.revision];
    if (artifact === null || !digests.includes(model.digest)) {
      throw damaged(path, `Its index lists ${model.digest}, which is not in its lock.`);
    }
    found.set(entryKey(model), { model: model.model, target: model.target, artifact });
  }
  if (found.size === 0) throw damaged(path, 'It has no models.');
  return { set: parsed.value.set, lines: [...found.values()], all: parsed.value.entries };
}

const firstOf = ([problem]: readonly Problem[]): string => problem?.detail ?? '';

/** `names`: null for all. */
export function chosenLines(
  lines: readonly Line[],
  names: readonly string[] | null,
): Checked<readonly Line[]> {
  if (names === null) return checked(lines);
  const known = new Set(lines.map(({ model }) => model));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return checked(lines.filter(({ model }) => names.includes(model)));
  return refused(...unknown.map((name) => notIn(name, known)));
}

function notIn(name: string, known: ReadonlySet<string>): Problem {
  const near = didYouMean(name, known);
  return errorProblem({
    code: 'bundle/unknown-model',
    summary: 'The bundle does not have such a Model',
    detail: `There are no bytes of a Model "${name}" in it.${near === null ? '' : ` Did you mean "${near}"?`}`,
    remedy: `It has ${[...known].toSorted().join(', ')}.`,
  });
}
