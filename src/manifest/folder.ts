// All manifests below a folder. Links are followed only while they stay inside it: a repository
// must not make us read what lies outside. Whatever cannot be read is an error, since a file that
// is silently left out looks like models that are no longer wanted.
import { join, sep } from 'node:path';
import { lockFileName } from '../core/lock-file-name.ts';
import { errorProblem, type Problem } from '../core/problem.ts';
import type { Files } from '../io/io.ts';
import { fileProblem } from './file-problem.ts';
import { filesPerFolderMax, folderDepthMax } from './limits.ts';

const manifestName = /\.(ya?ml|json)$/i;

export interface FolderContent {
  /** Absolute paths; the same file may stand there twice, under two links. */
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

interface Walk {
  readonly files: Files;
  readonly signal: AbortSignal;
  readonly realRoot: string;
  readonly found: string[];
  readonly problems: Problem[];
  /** Real paths of folders seen, so that a link to a folder above ends. */
  readonly seen: Set<string>;
}

/** Names that begin with a dot, `node_modules` and lock files are passed over. */
export async function filesBelow(
  folder: string,
  files: Files,
  signal: AbortSignal,
): Promise<FolderContent> {
  const walk: Walk = {
    files,
    signal,
    realRoot: await files.realPath(folder),
    found: [],
    problems: [],
    seen: new Set(),
  };
  await walkFolder(folder, walk.realRoot, 0, walk);
  return { files: walk.found, problems: walk.problems };
}

async function walkFolder(
  folder: string,
  realFolder: string,
  depth: number,
  walk: Walk,
): Promise<void> {
  walk.signal.throwIfAborted();
  if (walk.seen.has(realFolder)) return;
  walk.seen.add(realFolder);
  if (depth > folderDepthMax || walk.found.length > filesPerFolderMax) {
    walk.problems.push(tooMuch(folder));
    return;
  }
  const entries = await walk.files.list(folder).catch((error: unknown) => {
    walk.problems.push(fileProblem(folder, error));
    return [];
  });
  for (const { name, kind } of entries) {
    const isFile = kind !== 'folder' && manifestName.test(name) && name !== lockFileName;
    const isFolder = kind === 'folder' && name !== 'node_modules';
    if (name.startsWith('.') || !(isFile || isFolder)) continue;
    const path = join(folder, name);
    const real = await walk.files.realPath(path).catch((error: unknown) => {
      walk.problems.push(fileProblem(path, error));
      return null;
    });
    if (real === null) continue;
    if (!isInside(real, walk.realRoot)) walk.problems.push(outside(path));
    else if (isFolder) await walkFolder(path, real, depth + 1, walk);
    else if (kind === 'other') walk.problems.push(notAFile(path));
    else walk.found.push(path);
  }
}

const isInside = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const outside = (path: string): Problem =>
  errorProblem({
    code: 'manifest/link-outside',
    summary: 'A link leads out of the folder',
    detail: `${path} leads to a place outside the folder that was named, and was not read.`,
    remedy: 'Name the place that it leads to as well, or remove the link.',
    origin: { file: path, line: 1, column: 1 },
  });

/** A pipe, a socket, a device, or a link that leads nowhere. */
export const notAFile = (path: string): Problem =>
  errorProblem({
    code: 'manifest/unreadable',
    summary: 'A file cannot be read',
    detail: `${path} is neither a file nor a folder.`,
    remedy: 'Move it out of the folder.',
    origin: { file: path, line: 1, column: 1 },
  });

const tooMuch = (folder: string): Problem =>
  errorProblem({
    code: 'manifest/too-complex',
    summary: 'The folder is larger than a folder of manifests can be',
    detail: `${folder} has more than ${filesPerFolderMax} files or ${folderDepthMax} levels.`,
    remedy: 'Name a folder that holds manifests only.',
    origin: { file: folder, line: 1, column: 1 },
  });
