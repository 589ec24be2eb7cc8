// Manifests and lock of a bundle in a folder of this machine. What is there and says something else is
// replaced on request only, and a lock of another set never: two sets in one folder would be one.
import { join } from 'node:path';
import type { BundledText } from './artifacts/bundle/content.ts';
import { errorProblem, type Problem, ProblemError } from './core/problem.ts';
import type { Io } from './io/io.ts';
import { lockBytesMax } from './resolve/lock-entry.ts';
import { parseLock } from './resolve/lock-file.ts';

export interface Place {
  /** Absolute. */
  readonly folder: string;
  /** The set's id. */
  readonly set: string;
  readonly lock: BundledText;
  readonly manifests: readonly BundledText[];
}

/** Throws ProblemError when something is in the way. Reads only. */
export async function checkPlace(place: Place, overwrite: boolean, io: Io): Promise<void> {
  const lock = await textAt(place, place.lock, io);
  const there = lock === null ? null : parseLock(lock.toString('utf8'), place.lock.path);
  if (there?.ok === true && there.value.set !== place.set) {
    throw new ProblemError(otherSet(place.folder));
  }
  if (overwrite) return;
  const others: string[] = [];
  for (const text of [place.lock, ...place.manifests]) {
    const found = await textAt(place, text, io);
    if (found !== null && !found.equals(text.bytes)) others.push(text.path);
  }
  if (others.length > 0) throw new ProblemError(otherContent(place.folder, others));
}

/** The lock last: with it the folder is the set. What is right already is not written. */
export async function writePlace(place: Place, io: Io): Promise<void> {
  for (const text of [...place.manifests, place.lock]) {
    const found = await textAt(place, text, io);
    if (found?.equals(text.bytes) === true) continue;
    await io.files.writeAtomic(pathOf(place, text), text.bytes);
  }
}

const pathOf = ({ folder }: Place, { path }: BundledText): string =>
  join(folder, ...path.split('/'));

async function textAt(place: Place, text: BundledText, { files }: Io): Promise<Buffer | null> {
  const path = pathOf(place, text);
  const found = await files.stat(path);
  if (found === null) return null;
  if (found.kind !== 'file') throw new ProblemError(otherContent(place.folder, [text.path]));
  return Buffer.from(await files.readBytes(path, lockBytesMax));
}

const otherContent = (folder: string, paths: readonly string[]): Problem =>
  errorProblem({
    code: 'bundle/other-content',
    summary: 'Files of another content are in the way',
    detail: `In ${folder} there is another ${paths.join(', ')}. Nothing was restored.`,
    remedy: 'Name another folder with --to, or replace them with --overwrite.',
  });

const otherSet = (folder: string): Problem =>
  errorProblem({
    code: 'bundle/other-set',
    summary: 'Another set lives in this folder',
    detail: `The lock in ${folder} is that of another set than the bundle's. Nothing was restored.`,
    remedy: 'Name a folder of its own with --to.',
  });
