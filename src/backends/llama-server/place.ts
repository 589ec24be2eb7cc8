// Where things of one llama-server stand on this machine: the store of what it serves, the preset file
// that it is started with, and for each image a folder of links under names that it understands. Pure
// but for the store's real path.
import { join } from 'node:path';
import { type Digest, digestHex, parseDigest } from '../../core/digest.ts';
import { errorProblem, type Problem } from '../../core/problem.ts';
import { homeOf } from '../../io/home.ts';
import type { Io } from '../../io/io.ts';
import { storePath } from '../embedded/place.ts';
import { isLoopbackEndpoint } from '../endpoint.ts';

/** Null for a server on another machine, unless it is said which folder both see. */
export async function serverStore(
  io: Io,
  endpoint: string,
  declared: string | null,
): Promise<string | null> {
  if (declared !== null) return storePath(io, declared);
  if (!isLoopbackEndpoint(endpoint)) return null;
  const own = endpoint.replace(/^http:\/\//, '').replaceAll(/[^A-Za-z0-9.]+/g, '-');
  return storePath(io, join(homeOf(io.environment).cache, 'llama-server', own));
}

export const presetPath = (store: string): string => join(store, 'models.ini');
export const imagesFolder = (store: string): string => join(store, 'files');
export const imageFolder = (store: string, image: Digest): string =>
  join(imagesFolder(store), digestHex(image));

/** Which image a path in one of those folders belongs to; null for any other path. */
export function imageOfPath(store: string, path: string): Digest | null {
  const folder = `${imagesFolder(store)}/`;
  if (!path.startsWith(folder)) return null;
  return parseDigest(path.slice(folder.length).split('/')[0] ?? '');
}

/** Presets have no quotes, and what stands in lists is parted by commas. */
export function placeProblem(store: string): Problem | null {
  if (!/[;#,\r\n]|^\s|\s$/.test(store)) return null;
  return errorProblem({
    code: 'backend/unusable-path',
    summary: 'A folder has a name that cannot be told to the engine',
    detail: `What llama-server serves is kept in ${store}, and its preset file can hold no path with a semicolon, a hash sign or a comma in it.`,
    remedy: 'Name another folder in spec.files.path of the Backend.',
    retry: 'never',
  });
}
