// Walking folders of the cache, without following any link and with an end: a cache is written by
// many programs, and one of them may have made a maze.
import { join } from 'node:path';
import type { FileEntry, Files } from '../../../io/io.ts';

/** Deeper than any repository, and no way to walk for ever. */
const depthMax = 32;

/** How many names may still be looked at; shared by all walks of one repository. */
export interface Allowance {
  left: number;
}

export interface Found {
  /** Below the folder that was walked, with forward slashes. */
  readonly path: string;
  readonly entry: FileEntry;
}

/** Everything below `folder` but folders, sorted; null where the walk had to end early. */
export async function walk(
  files: Files,
  folder: string,
  allowance: Allowance,
  depth = 0,
): Promise<readonly Found[] | null> {
  const found: Found[] = [];
  if ((await files.entry(folder))?.kind !== 'folder') return found;
  if (depth > depthMax) return null;
  for (const { name } of await files.list(folder)) {
    allowance.left -= 1;
    if (allowance.left < 0) return null;
    const entry = await files.entry(join(folder, name));
    if (entry?.kind === 'folder') {
      const below = await walk(files, join(folder, name), allowance, depth + 1);
      if (below === null) return null;
      found.push(...below.map((one) => ({ ...one, path: `${name}/${one.path}` })));
    } else if (entry !== null && !ignored.has(name)) {
      found.push({ path: name, entry });
    }
  }
  return found;
}

/** What desktops leave in every folder; the Python client passes over them too. */
const ignored: ReadonlySet<string> = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);
