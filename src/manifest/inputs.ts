// From what the user named (files, folders, patterns, `-`) to the list of files to read. An input
// that leads to no file is an error, never an empty set.
import { basename, dirname, join, resolve, sep } from 'node:path';
import { compareText } from '../core/canonical.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { lockFileName } from '../core/lock-file-name.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Io } from '../io/io.ts';
import { fileProblem } from './file-problem.ts';
import { filesBelow, notAFile } from './folder.ts';

export interface InputFile {
  /** Absolute path, or `-` for standard input. */
  readonly path: string;
  /** The user named the file itself, rather than a folder or a pattern. */
  readonly isNamed: boolean;
}

export interface Inputs {
  /** Each file once, sorted by path. */
  readonly files: readonly InputFile[];
  /** The nearest folder that holds all inputs. */
  readonly folder: string;
  readonly problems: readonly Problem[];
}

interface Found {
  readonly files: readonly InputFile[];
  readonly folders: readonly string[];
  readonly problems: readonly Problem[];
}

export type LoadIo = Pick<Io, 'files' | 'environment'>;

const patternCharacter = /[*?[\]{}]/;

/** Reads folders, no files. Relative inputs are meant from the working folder. */
export async function findFiles(
  inputs: readonly string[],
  io: LoadIo,
  signal: AbortSignal,
): Promise<Inputs> {
  const found: Found[] = [];
  for (const input of inputs) found.push(await findInput(input, io, signal));
  const byPath = new Map<string, InputFile>();
  for (const file of found.flatMap(({ files }) => files)) {
    const key = file.path === '-' ? '-' : await io.files.realPath(file.path).catch(() => file.path);
    const known = byPath.get(key);
    if (known === undefined || (file.isNamed && !known.isNamed)) byPath.set(key, file);
  }
  return {
    files: [...byPath.values()].toSorted((a, b) => compareText(a.path, b.path)),
    folder: commonFolder(found.flatMap(({ folders }) => folders)) ?? io.environment.workingFolder,
    problems: found.flatMap(({ problems }) => problems),
  };
}

async function findInput(input: string, io: LoadIo, signal: AbortSignal): Promise<Found> {
  if (input === '-') {
    const file = { path: '-', isNamed: true };
    return { files: [file], folders: [io.environment.workingFolder], problems: [] };
  }
  const path = resolve(io.environment.workingFolder, input);
  try {
    const stat = await io.files.stat(path);
    if (stat?.kind === 'folder') return await findInFolder(path, io, signal);
    if (stat !== null) {
      const file = { path, isNamed: true };
      return { files: [file], folders: [dirname(path)], problems: [] };
    }
    if (patternCharacter.test(input)) return await findByPattern(input, io, signal);
    return none(await notFound(input, path, io));
  } catch (error) {
    return none(fileProblem(path, error));
  }
}

async function findInFolder(folder: string, io: LoadIo, signal: AbortSignal): Promise<Found> {
  const { files, problems } = await filesBelow(folder, io.files, signal);
  if (files.length === 0 && problems.length === 0) return none(nothingIn(folder));
  return {
    files: files.map((path) => ({ path, isNamed: false })),
    folders: [folder],
    problems,
  };
}

/** As a shell would: what matches is read as if it had been named, folders with all they hold. */
async function findByPattern(pattern: string, io: LoadIo, signal: AbortSignal): Promise<Found> {
  const matches = await io.files.glob(pattern, io.environment.workingFolder);
  const found: Found[] = [];
  for (const path of matches.filter((one) => basename(one) !== lockFileName)) {
    signal.throwIfAborted();
    found.push(await findMatch(path, io, signal));
  }
  if (found.length === 0) return none(noMatch(pattern));
  return {
    files: found.flatMap(({ files }) => files),
    folders: found.flatMap(({ folders }) => folders),
    problems: found.flatMap(({ problems }) => problems),
  };
}

async function findMatch(path: string, io: LoadIo, signal: AbortSignal): Promise<Found> {
  try {
    const stat = await io.files.stat(path);
    if (stat?.kind === 'folder') return await findInFolder(path, io, signal);
    if (stat?.kind === 'other') return none(notAFile(path));
    return { files: [{ path, isNamed: false }], folders: [dirname(path)], problems: [] };
  } catch (error) {
    return none(fileProblem(path, error));
  }
}

const none = (problem: Problem): Found => ({ files: [], folders: [], problems: [problem] });

async function notFound(input: string, path: string, io: LoadIo): Promise<Problem> {
  const siblings = await io.files.list(dirname(path)).catch(() => []);
  const near = didYouMean(
    basename(path),
    siblings.map(({ name }) => name),
  );
  return errorProblem({
    code: 'manifest/not-found',
    summary: 'An input is not there',
    detail: `There is no file or folder ${input}.${
      near === null ? '' : ` Did you mean ${join(dirname(input), near)}?`
    }`,
    remedy: 'Name a file, a folder, a pattern in quotes, or `-` for standard input.',
    origin: { file: path, line: 1, column: 1 },
  });
}

const noMatch = (pattern: string): Problem =>
  errorProblem({
    code: 'manifest/no-match',
    summary: 'A pattern matches nothing',
    detail: `No file matches ${pattern}. That is no way to say that nothing is wanted.`,
    remedy: 'Correct the pattern; it is meant from the folder that you are in.',
  });

const nothingIn = (folder: string): Problem =>
  errorProblem({
    code: 'manifest/no-match',
    summary: 'A folder holds no manifests',
    detail: `There is no .yaml, .yml or .json file in ${folder} or below.`,
    remedy: 'Write a starting point with:\n\n  modelctl init',
    origin: { file: folder, line: 1, column: 1 },
  });

function commonFolder(folders: readonly string[]): string | null {
  const [first, ...rest] = folders;
  if (first === undefined) return null;
  let common = first;
  const holds = (folder: string): boolean =>
    folder === common || folder.startsWith(common.endsWith(sep) ? common : common + sep);
  while (!rest.every(holds) && dirname(common) !== common) common = dirname(common);
  return common;
}
