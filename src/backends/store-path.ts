// The folder of a store in one spelling: two ways to write one folder are one store.
import { join, resolve } from 'node:path';
import { isAbsent } from '../io/error-code.ts';
import type { Io } from '../io/io.ts';

/** The real path, as far as it exists. `~/` is the user's home. */
export function realStorePath(io: Io, declared: string): Promise<string> {
  const { environment } = io;
  const expanded = declared.startsWith('~/')
    ? join(environment.homeFolder, declared.slice(2))
    : declared;
  return realPath(io, resolve(environment.workingFolder, expanded));
}

async function realPath(io: Io, path: string): Promise<string> {
  try {
    return await io.files.realPath(path);
  } catch (error) {
    const parent = resolve(path, '..');
    if (!isAbsent(error) || parent === path) throw error;
    return join(await realPath(io, parent), path.slice(parent.length));
  }
}
