// Where something has to change for the inputs to say something else: the folders themselves, for a
// file the folder that it stands in (editors replace files rather than write them), what links lead
// to, and where an input is missing the nearest folder that is there.
import { basename, dirname, resolve, sep } from 'node:path';
import type { Io } from '../io/io.ts';
import type { WatchedPlace } from '../io/watch-files.ts';

type PlacesIo = Pick<Io, 'files' | 'environment'>;

/** `more`: further files that count, as the lock. Sorted; the same places for the same state. */
export async function watchedPlaces(
  inputs: readonly string[],
  more: readonly string[],
  io: PlacesIo,
): Promise<readonly WatchedPlace[]> {
  const deep = new Set<string>();
  const names = new Map<string, Set<string>>();
  const add = (folder: string, name: string): void => {
    names.set(folder, (names.get(folder) ?? new Set()).add(name));
  };
  const addFile = async (path: string): Promise<void> => {
    const { folder, missing } = await nearest(path, io);
    add(folder, missing);
    // A link that is put in the place of another, and what it leads to, may both change.
    const real = await io.files.realPath(path).catch(() => path);
    if (real !== path) add(dirname(real), basename(real));
    if (folder === dirname(path)) add(folder, linkedData);
  };
  for (const input of inputs) {
    const path = resolve(io.environment.workingFolder, input);
    const stat = await io.files.stat(path).catch(() => null);
    if (stat?.kind === 'folder') {
      deep.add(path);
      await addFile(path);
    } else if (stat === null && patternCharacter.test(input)) {
      const base = patternBase(path);
      const { folder, missing } = await nearest(base, io);
      if ((await io.files.stat(base).catch(() => null))?.kind === 'folder') deep.add(base);
      else add(folder, missing);
    } else await addFile(path);
  }
  for (const path of more) await addFile(path);
  return [
    ...[...deep].toSorted().map((folder) => ({ folder, names: null })),
    ...[...names]
      .map(([folder, wanted]) => ({ folder, names: [...wanted].toSorted() }))
      .toSorted((a, b) => (a.folder < b.folder ? -1 : 1)),
  ];
}

/** What Kubernetes swaps when it updates a mounted volume. */
const linkedData = '..data';

const patternCharacter = /[*?[\]{}]/;

/** The part of a pattern before the first name that could be several. */
function patternBase(pattern: string): string {
  const parts = pattern.split(sep);
  const first = parts.findIndex((part) => patternCharacter.test(part));
  return parts.slice(0, first).join(sep) || sep;
}

/** The nearest folder that is there, and which name has to appear in it. */
async function nearest(
  path: string,
  { files }: PlacesIo,
): Promise<{ readonly folder: string; readonly missing: string }> {
  for (let at = path; ; at = dirname(at)) {
    const folder = dirname(at);
    const stat = await files.stat(folder).catch(() => null);
    if (stat?.kind === 'folder' || folder === at) return { folder, missing: basename(at) };
  }
}
